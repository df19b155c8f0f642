"""Where a request's form opens its thread: one reading of it, for the gate that counts it and for what is started."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from bot.blocks import ask
from bot.blocks.modal import MAX_PRIVATE_METADATA
from bot.slack_web import child
from tools.contracts.common import JsonObject
from tools.whole_text import whole_text

MAX_QUOTED_BYTES = 2_400
"""Of the message, as it travels in the form."""

_ABOUT = TypeAdapter(dict[str, str])


@dataclass(frozen=True)
class About:
    """Which message, and what it says. Travels as the form's private metadata."""

    channel: str
    thread_ts: str
    quoted: str
    """Untrusted, redacted; cut to what the form holds."""

    def encode(self) -> str:
        whole, left = whole_text(self.quoted).encode(), MAX_QUOTED_BYTES
        while True:
            quoted = whole[:left].decode(errors="ignore")
            found = json.dumps({"c": self.channel, "t": self.thread_ts, "q": quoted}, ensure_ascii=False)
            if len(found.encode()) <= MAX_PRIVATE_METADATA or not left:
                return found
            # Quotes and line ends take two bytes in JSON.
            left = left * 3 // 4

    @classmethod
    def decode(cls, metadata: str) -> About:
        """Raises ValueError for what :meth:`encode` did not make."""
        try:
            fields = _ABOUT.validate_json(metadata)
        except ValidationError as error:
            raise ValueError("the form's metadata is none of ours") from error
        if set(fields) != {"c", "t", "q"} or not fields["c"] or not fields["t"]:
            raise ValueError("the form's metadata is none of ours")
        return cls(fields["c"], fields["t"], fields["q"])


def channel_in(view: JsonObject) -> str:
    """The channel of a form as it was sent, by its callback id. Empty: it names none, or is no form of a request."""
    metadata = str(view.get("private_metadata") or "")
    match view.get("callback_id"):
        case ask.ABOUT_FORM:
            try:
                return About.decode(metadata).channel
            except ValueError:
                return ""
        case ask.ASK_FORM:
            picked = child(child(child(child(view, "state"), "values"), ask.WHERE_BLOCK), ask.WHERE_INPUT)
            return metadata or str(picked.get("selected_conversation") or "")
        case _:
            return ""
