"""A form in front of one person. A modal that Slack would refuse cannot be constructed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.blocks.message import MAX_ID
from bot.blocks.text import length, plain
from tools.contracts.common import JsonObject

# Slack's limits, in characters unless said otherwise (Views and Block Kit reference).
MAX_MODAL_BLOCKS = 100
MAX_MODAL_TITLE = 24
"""Of the title and of both buttons."""
MAX_PRIVATE_METADATA = 3_000
MAX_OPTION = 75
MAX_LABEL = 2_000
"""Of a field's label and of its hint."""


@dataclass(frozen=True)
class Modal:
    """A modal with one button to submit it. Raises ValueError when it breaks one of Slack's limits."""

    callback_id: str
    title: str
    submit: str
    close: str
    private_metadata: str
    """Comes back with the submission, unseen by the person."""
    blocks: Sequence[JsonObject]

    def __post_init__(self) -> None:
        for name, text, limit in (
            ("callback id", self.callback_id, MAX_ID),
            ("title", self.title, MAX_MODAL_TITLE),
            ("submit button", self.submit, MAX_MODAL_TITLE),
            ("close button", self.close, MAX_MODAL_TITLE),
        ):
            if not 1 <= length(text) <= limit:
                raise ValueError(f"a modal's {name} must have 1 to {limit} characters; got {length(text)}")
        # Counted as bytes, the longest of the ways it could be counted: a cut one would bind nothing.
        if len(self.private_metadata.encode()) > MAX_PRIVATE_METADATA:
            held = len(self.private_metadata.encode())
            raise ValueError(f"a modal's private metadata holds {MAX_PRIVATE_METADATA} bytes; got {held}")
        if not 1 <= len(self.blocks) <= MAX_MODAL_BLOCKS:
            raise ValueError(f"a modal holds 1 to {MAX_MODAL_BLOCKS} blocks; got {len(self.blocks)}")

    @property
    def view(self) -> JsonObject:
        """As `views.open` takes it."""
        return {
            "type": "modal",
            "callback_id": self.callback_id,
            "title": _plain(self.title, MAX_MODAL_TITLE),
            "submit": _plain(self.submit, MAX_MODAL_TITLE),
            "close": _plain(self.close, MAX_MODAL_TITLE),
            "private_metadata": self.private_metadata,
            "blocks": list(self.blocks),
        }


def text_field(block_id: str, action_id: str, *, label: str, hint: str, max_length: int) -> JsonObject:
    """One line to type, which must not be empty. Label and hint are plain text."""
    return {
        "type": "input",
        "block_id": block_id,
        "label": _plain(label, MAX_LABEL),
        "hint": _plain(hint, MAX_LABEL),
        "element": {"type": "plain_text_input", "action_id": action_id, "max_length": max_length},
    }


def input_field(block_id: str, label: str, element: JsonObject) -> JsonObject:
    """Any element to fill in. The label is plain text."""
    return {"type": "input", "block_id": block_id, "label": _plain(label, MAX_LABEL), "element": element}


def option(text: str, value: str) -> JsonObject:
    """One choice of a menu or of radio buttons."""
    return {"text": _plain(text, MAX_OPTION), "value": value}


def _plain(text: str, limit: int) -> JsonObject:
    return {"type": "plain_text", "text": plain(text, limit), "emoji": False}
