"""The doors: what a method calls before it stores blocks, attachments or a view."""

from __future__ import annotations

import json
import secrets
from typing import Any

from bot.local.slack.blocks.checks import Check, Report, anything, array, boolean, one_of, shape, string
from bot.local.slack.blocks.elements import plain_text
from bot.local.slack.blocks.kinds import MESSAGE_BLOCK, VIEW_BLOCK
from bot.local.slack.errors import SlackError
from bot.local.slack.jsonvalues import is_list, is_object, objects, text_of
from tools.contracts.common import JsonObject

MAX_MESSAGE_BLOCKS = 50
MAX_VIEW_BLOCKS = 100
MAX_BLOCK_CHARACTERS = 13_200
"""All the text in a message's blocks; past it Slack answers `msg_too_long` (measured by others, not documented)."""
MAX_TABLE_CHARACTERS = 10_000
MAX_VIEW_BYTES = 250_000

_TITLE = plain_text(24)
_VIEW_COMMON: dict[str, Check] = {
    "callback_id": string(most=255),
    "private_metadata": string(most=3000),
    "external_id": string(most=255),
}
_MODAL = shape(
    {"type": one_of("modal"), "title": _TITLE, "blocks": array(VIEW_BLOCK, most=MAX_VIEW_BLOCKS, least=0)},
    {
        **_VIEW_COMMON,
        "close": _TITLE,
        "submit": _TITLE,
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)
_HOME = shape(
    {"type": one_of("home"), "blocks": array(VIEW_BLOCK, most=MAX_VIEW_BLOCKS, least=0)},
    {**_VIEW_COMMON, "title": anything, "close": anything, "submit": anything},
)
_ATTACHMENT_BLOCKS = array(MESSAGE_BLOCK, most=MAX_MESSAGE_BLOCKS, least=0)


def problems_in_blocks(blocks: object, *, path: str = "/blocks", most: int = MAX_MESSAGE_BLOCKS) -> list[str]:
    """What Slack would refuse in a message's blocks, in its words; empty when it would accept them."""
    report = Report()
    array(MESSAGE_BLOCK, most=most, least=0)(blocks, path, report)
    tables = [block for block in objects(blocks) if block.get("type") == "table"]
    if sum(characters_in(table.get("rows")) for table in tables) > MAX_TABLE_CHARACTERS:
        report.add(f"tables must be less than {MAX_TABLE_CHARACTERS + 1} characters in total", path)
    return report.messages


def characters_in(value: object) -> int:
    """How many characters of text a person would see in these blocks."""
    if is_list(value):
        return sum(characters_in(item) for item in value)
    if not is_object(value):
        return 0
    total = 0
    for key, item in value.items():
        if isinstance(item, str):
            total += len(item) if key in {"text", "title", "alt_text"} else 0
        else:
            total += characters_in(item)
    return total


def accept_blocks(blocks: object, *, most: int = MAX_MESSAGE_BLOCKS) -> list[JsonObject]:
    """The blocks as Slack stores them, ids filled in. Raises `invalid_blocks` or `msg_too_long`."""
    if not is_list(blocks) or not all(is_object(block) for block in blocks):
        raise SlackError("invalid_blocks_format")
    problems = problems_in_blocks(blocks, most=most)
    if problems:
        raise SlackError("invalid_blocks", *problems)
    if characters_in(blocks) > MAX_BLOCK_CHARACTERS:
        raise SlackError("msg_too_long")
    return with_ids(blocks)


def accept_attachments(attachments: object) -> list[JsonObject]:
    """Legacy attachments; their blocks are checked like a message's. Raises `invalid_attachments`."""
    if not is_list(attachments) or not all(is_object(item) for item in attachments):
        raise SlackError("invalid_attachments")
    if len(attachments) > 100:
        raise SlackError("too_many_attachments")
    stored: list[JsonObject] = []
    for index, attachment in enumerate(objects(attachments)):
        blocks = attachment.get("blocks")
        report = Report()
        if blocks is not None:
            _ATTACHMENT_BLOCKS(blocks, f"/attachments/{index}/blocks", report)
        if report.messages:
            raise SlackError("invalid_attachments", *report.messages)
        filled = {"blocks": with_ids(objects(blocks))} if blocks is not None else {}
        stored.append({"id": index + 1, **attachment, **filled})
    return stored


def accept_view(view: object) -> JsonObject:
    """A modal or a home tab. Raises `invalid_arguments` with pointers under `/view`, or `view_too_large`."""
    if not is_object(view):
        raise SlackError("invalid_arguments", "[ERROR] must be an object [json-pointer:/view]")
    if len(json.dumps(view).encode()) > MAX_VIEW_BYTES:
        raise SlackError("view_too_large")
    report = Report()
    if view.get("type") not in {"modal", "home"}:
        report.add("must be a valid enum value (modal, home)", "/view/type")
    else:
        (_MODAL if view["type"] == "modal" else _HOME)(view, "/view", report)
    has_input = any(block.get("type") == "input" for block in objects(view.get("blocks")))
    if view.get("type") == "modal" and has_input and not text_of(view.get("submit")):
        report.add("missing required field: submit (a view with an input block needs one)", "/view")
    if report.messages:
        raise SlackError("invalid_arguments", *report.messages)
    return {**view, "blocks": with_ids(objects(view.get("blocks")))}


def with_ids(blocks: list[Any] | list[JsonObject]) -> list[JsonObject]:
    """A copy in which every block has a `block_id` and every interactive element an `action_id`, as Slack fills in."""
    filled: list[JsonObject] = []
    for block in objects(blocks):
        copy = {"block_id": secrets.token_urlsafe(4), **block}
        for holder in ("elements", "actions"):
            if is_list(copy.get(holder)) and copy.get("type") != "rich_text":
                copy[holder] = [_with_action_id(item) for item in copy[holder]]
        for holder in ("accessory", "element"):
            if holder in copy:
                copy[holder] = _with_action_id(copy[holder])
        filled.append(copy)
    return filled


_PASSIVE = {"image", "plain_text", "mrkdwn", "card"}


def _with_action_id(element: Any) -> Any:
    if not is_object(element) or element.get("type") in _PASSIVE:
        return element
    return {"action_id": secrets.token_urlsafe(4), **element}
