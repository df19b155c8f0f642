"""The assistant's pane: suggested prompts when it opens, a status and a title when somebody asks. The request itself is
a direct message like any other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.blocks.pane import READING
from bot.blocks.text import plain
from bot.listeners.events import EventListeners
from bot.listeners.later import Later
from bot.redaction import redact
from bot.slack_api import SlackApi
from bot.slack_web import child
from tools.contracts.common import JsonObject

PROMPTS: tuple[Mapping[str, str], ...] = (
    {
        "title": "What has drifted in production?",
        "message": "which production web servers have drifted from the golden image, and why?",
    },
    {
        "title": "Is a CVE a danger to us?",
        "message": "which assets does CVE-2024-6387 reach, and how bad is it for us?",
    },
    {
        "title": "What did we spend too much on?",
        "message": "where do we spend more than we need to, and what could go?",
    },
    {"title": "Could we fail over today?", "message": "would a failover of the production databases work today?"},
)
"""Slack shows four."""

LOADING = ("Reading what you asked…", "Looking at the estate…", "Asking the models…")

MAX_TITLE = 60
MOST_TITLED = 2_000
"""Threads remembered as having a title. One that is forgotten gets another one, which harms nobody."""

_MENTION = re.compile(r"<[@!#][^>]*>")


@dataclass(frozen=True)
class AssistantListeners:
    events: EventListeners
    api: SlackApi
    later: Later
    _titled: dict[tuple[str, str], None] = field(default_factory=dict[tuple[str, str], None], init=False, repr=False)

    async def on_started(self, body: dict[str, Any]) -> None:
        """A person opened the pane."""
        thread = child(child(body, "event"), "assistant_thread")
        where = _where(thread.get("channel_id"), thread.get("thread_ts"))
        if where is not None:
            said: JsonObject = {
                **where,
                "title": "What shall I look into?",
                "prompts": [dict(each) for each in PROMPTS],
            }
            self.later.do(self.api.api_call("assistant.threads.setSuggestedPrompts", json=said), what="suggestions")

    async def on_message(self, body: dict[str, Any]) -> None:
        """Handed over first, as any direct message is; what fails to be is not acknowledged. Then the pane says so."""
        await self.events.on_message(body)
        event = child(body, "event")
        where = _where(event.get("channel"), event.get("thread_ts"))
        if where is None or event.get("subtype") is not None:
            return
        status: JsonObject = {**where, "status": READING, "loading_messages": list(LOADING)}
        self.later.do(self.api.api_call("assistant.threads.setStatus", json=status), what="a status")
        place = where["channel_id"], where["thread_ts"]
        title = title_of(str(event.get("text") or ""))
        if title and place not in self._titled:
            self._titled[place] = None
            for oldest in list(self._titled)[:-MOST_TITLED]:
                del self._titled[oldest]
            self.later.do(
                self.api.api_call("assistant.threads.setTitle", json={**where, "title": title}), what="a thread's title"
            )


def title_of(text: str) -> str:
    """The first line of a request, without what looks like a secret, and short."""
    return plain(_MENTION.sub("", redact(text).text).strip().partition("\n")[0], MAX_TITLE).strip()


def _where(channel: object, thread_ts: object) -> dict[str, str] | None:
    if isinstance(channel, str) and isinstance(thread_ts, str) and channel and thread_ts:
        return {"channel_id": channel, "thread_ts": thread_ts}
    return None
