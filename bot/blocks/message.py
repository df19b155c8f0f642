"""What a card is made of. A message that Slack would refuse cannot be constructed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.blocks.text import ELLIPSIS, clip, length, plain
from tools.contracts.common import JsonObject

# Slack's limits, in characters unless said otherwise (Block Kit reference).
MAX_BLOCKS = 50
MAX_MESSAGE = 13_200
"""Of all blocks as JSON: beyond it Slack answers `msg_too_long`."""
MAX_TEXT = 4_000
MAX_SECTION = 3_000
MAX_HEADER = 150
MAX_BUTTON_TEXT = 75
MAX_BUTTON_VALUE = 2_000
MAX_ID = 255
MAX_CONTEXT_ELEMENTS = 10
MAX_ACTIONS = 25
MAX_CONFIRM_TITLE = 100
MAX_CONFIRM_TEXT = 300
MAX_CONFIRM_BUTTON = 30

REHEARSAL = "Rehearsal models: rules, not an LLM."
"""Stands on every message that carries what simulated models said."""


def size(blocks: Sequence[JsonObject]) -> int:
    """Characters of the blocks as JSON; what :data:`MAX_MESSAGE` bounds."""
    return length(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))


@dataclass(frozen=True)
class Message:
    """A card as Slack takes it. Raises ValueError when it breaks one of Slack's limits."""

    text: str
    """What notifications and screen readers say: the whole point in one or two sentences."""
    blocks: list[JsonObject]

    def __post_init__(self) -> None:
        if not self.text.strip() or length(self.text) > MAX_TEXT:
            raise ValueError(f"a message needs 1 to {MAX_TEXT} characters of text; got {length(self.text)}")
        if len(self.blocks) > MAX_BLOCKS:
            raise ValueError(f"a message holds at most {MAX_BLOCKS} blocks; got {len(self.blocks)}")
        if size(self.blocks) > MAX_MESSAGE:
            raise ValueError(f"a message holds at most {MAX_MESSAGE} characters of blocks; got {size(self.blocks)}")


@dataclass(frozen=True)
class Detail:
    """A block that may be left out of a card that would otherwise be too long."""

    block: JsonObject
    shorter: JsonObject | None = None
    """What stands in its place then; None: nothing."""


def compose(text: str, parts: Iterable[JsonObject | Detail | None], *, simulated: bool = False) -> Message:
    """A message of the parts in order. Details are dropped from the last upwards until Slack takes it, and a line
    says so. `None` parts are skipped. `text` must be escaped already. Raises ValueError when even the essential
    parts are too long."""
    kept: list[JsonObject | Detail] = [part for part in parts if part is not None]
    if simulated:
        kept.append(context(REHEARSAL))
        text = f"{text} {REHEARSAL}"
    omitted: JsonObject | None = None
    while True:
        blocks = [part.block if isinstance(part, Detail) else part for part in kept]
        blocks += [omitted] if omitted else []
        details = [at for at, part in enumerate(kept) if isinstance(part, Detail)]
        if not details or (len(blocks) <= MAX_BLOCKS and size(blocks) <= MAX_MESSAGE):
            return Message(text=text, blocks=blocks)
        last = kept[details[-1]]
        if isinstance(last, Detail) and last.shorter is not None:
            kept[details[-1]] = last.shorter
            continue
        del kept[details[-1]]
        omitted = context("More than fits here was left out. The ledger has all of it.")


def section(text: str, *, accessory: JsonObject | None = None) -> JsonObject:
    """A paragraph of `mrkdwn`, escaped by the caller. `verbatim`: Slack turns no bare URL or name into a link.

    Nothing left after escaping shows as an ellipsis: Slack refuses an empty text."""
    text = text or ELLIPSIS
    _bound("section text", text, MAX_SECTION)
    block: JsonObject = {"type": "section", "text": _mrkdwn(text)}
    return block | ({"accessory": accessory} if accessory else {})


def lines(heading: str, items: Sequence[str]) -> JsonObject:
    """A section: a bold heading and one line for each item, as many as fit."""
    text = f"*{heading}*"
    for at, item in enumerate(items):
        left = len(items) - at
        rest = f"\n… and {left} more" if left > 1 else ""
        if length(text) + 1 + length(item) + (length(rest) if left > 1 else 0) > MAX_SECTION:
            return section(f"{text}\n… and {left} more")
        text += f"\n{item}"
    return section(text)


def header(text: str) -> JsonObject:
    """A title. Clipped: a title may be shortened without changing what a card says."""
    return {"type": "header", "text": {"type": "plain_text", "text": plain(text, MAX_HEADER), "emoji": False}}


def context(*texts: str) -> JsonObject:
    """Small print, escaped by the caller."""
    if not 1 <= len(texts) <= MAX_CONTEXT_ELEMENTS:
        raise ValueError(f"a context block holds 1 to {MAX_CONTEXT_ELEMENTS} elements; got {len(texts)}")
    for text in texts:
        _bound("context text", text or ELLIPSIS, MAX_SECTION)
    return {"type": "context", "elements": [_mrkdwn(text or ELLIPSIS) for text in texts]}


def divider() -> JsonObject:
    return {"type": "divider"}


def button(
    label: str,
    *,
    action_id: str,
    value: str,
    style: Literal["primary", "danger"] | None = None,
    confirm: JsonObject | None = None,
) -> JsonObject:
    """A button. The label is clipped; a value that is too long raises, because a clipped one would bind nothing."""
    _bound("button value", value, MAX_BUTTON_VALUE)
    _bound("action id", action_id, MAX_ID)
    made: JsonObject = {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": plain(label, MAX_BUTTON_TEXT), "emoji": False},
        "value": value,
    }
    return made | ({"style": style} if style else {}) | ({"confirm": confirm} if confirm else {})


def confirm(*, title: str, text: str, yes: str, no: str) -> JsonObject:
    """The dialog between a click and its effect. All four are plain text."""
    return {
        "title": {"type": "plain_text", "text": plain(title, MAX_CONFIRM_TITLE)},
        "text": {"type": "plain_text", "text": plain(text, MAX_CONFIRM_TEXT)},
        "confirm": {"type": "plain_text", "text": plain(yes, MAX_CONFIRM_BUTTON)},
        "deny": {"type": "plain_text", "text": plain(no, MAX_CONFIRM_BUTTON)},
    }


def actions(block_id: str, buttons: Sequence[JsonObject]) -> JsonObject:
    """A row of buttons. Action ids must differ within it."""
    if not 1 <= len(buttons) <= MAX_ACTIONS:
        raise ValueError(f"an actions block holds 1 to {MAX_ACTIONS} buttons; got {len(buttons)}")
    ids = [made["action_id"] for made in buttons]
    if len(set(ids)) != len(ids):
        raise ValueError(f"action ids must differ within a block; got {ids}")
    _bound("block id", block_id, MAX_ID)
    return {"type": "actions", "block_id": block_id, "elements": list(buttons)}


def sentence(text: str) -> Message:
    """A message of one paragraph, escaped by the caller."""
    text = text if text.strip() else ELLIPSIS
    return Message(text=clip(text, MAX_TEXT), blocks=[section(text)])


def _mrkdwn(text: str) -> JsonObject:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _bound(what: str, text: str, limit: int) -> None:
    if not 1 <= length(text) <= limit:
        raise ValueError(f"{what} must have 1 to {limit} characters; got {length(text)}")
