"""What Slack takes: which fields there are by `@slack/types` 3.2.0, how long each may be by the Block Kit reference.

Written down apart from our builders and from the local workspace: three readings of one reference must agree. Lengths
are taken as UTF-16 code units, the longest of the ways in which Slack might count.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from bot.blocks.message import Message
from bot.blocks.modal import Modal
from tools.contracts.common import JsonObject

Rule = Callable[[object, str], Iterator[str]]
"""Value and path → what is wrong with it."""


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def text(most: int, *, least: int = 1, shown: bool = True) -> Rule:
    """`shown`: to people, so that it must be whole."""

    def rule(value: object, path: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"{path}: {type(value).__name__} is no text"
        elif not least <= units(value) <= most:
            yield f"{path}: {units(value)} characters, allowed are {least} to {most}"
        elif shown and any(0xD800 <= ord(char) <= 0xDFFF for char in value):
            yield f"{path}: half a surrogate pair"

    return rule


def one_of(*allowed: object) -> Rule:
    def rule(value: object, path: str) -> Iterator[str]:
        if value not in allowed:
            yield f"{path}: {value!r} is none of {allowed}"

    return rule


def kind(of: type) -> Rule:
    def rule(value: object, path: str) -> Iterator[str]:
        if type(value) is not of:
            yield f"{path}: {type(value).__name__} is no {of.__name__}"

    return rule


def many(item: Rule, *, most: int, least: int = 1) -> Rule:
    def rule(value: object, path: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{path}: no list"
            return
        items = cast("list[object]", value)
        if not least <= len(items) <= most:
            yield f"{path}: {len(items)} items, allowed are {least} to {most}"
        for number, each in enumerate(items):
            yield from item(each, f"{path}[{number}]")

    return rule


@dataclass(frozen=True)
class Shape:
    """An object with these fields and no others."""

    required: Mapping[str, Rule]
    optional: Mapping[str, Rule] = field(default_factory=dict[str, Rule])
    any_of: tuple[str, ...] = ()
    """At least one of these optional fields must be there."""

    def __call__(self, value: object, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{path}: no object"
            return
        found = cast("JsonObject", value)
        yield from (f"{path}: lacks {name}" for name in self.required if name not in found)
        if self.any_of and not set(self.any_of) & set(found):
            yield f"{path}: needs one of {self.any_of}"
        for name, inner in found.items():
            rule = self.required.get(name) or self.optional.get(name)
            if rule is None:
                yield f"{path}: there is no field {name!r}"
            else:
                yield from rule(inner, f"{path}.{name}")


def by_type(rules: Mapping[str, Rule]) -> Rule:
    def rule(value: object, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{path}: no object"
            return
        fields = cast("JsonObject", value)
        name = str(fields.get("type"))
        if name in rules:
            yield from rules[name](fields, f"{path}<{name}>")
        else:
            yield f"{path}: type {name!r} does not belong here"

    return rule


def plain(most: int) -> Rule:
    return Shape({"type": one_of("plain_text"), "text": text(most)}, {"emoji": kind(bool)})


def mrkdwn(most: int) -> Rule:
    return Shape({"type": one_of("mrkdwn"), "text": text(most)}, {"verbatim": kind(bool)})


def either(most: int) -> Rule:
    return by_type({"plain_text": plain(most), "mrkdwn": mrkdwn(most)})


CONFIRM = Shape(
    {"title": plain(100), "text": either(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)
OPTION = Shape({"text": either(75)}, {"value": text(150), "description": plain(75)})
_ACTION = {"action_id": text(255)}
_CHOICE = {"confirm": CONFIRM, "focus_on_load": kind(bool), "placeholder": plain(150)}


def _element(name: str, required: Mapping[str, Rule], optional: Mapping[str, Rule]) -> Rule:
    return Shape({"type": one_of(name), **required}, {**_ACTION, **optional})


def _options(most: int) -> Rule:
    return many(OPTION, most=most)


BUTTON = _element(
    "button",
    {"text": plain(75)},
    {
        "value": text(2000, shown=False),
        "url": text(3000),
        "style": one_of("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": text(75),
    },
)
_SIDE = Shape({"text": plain(75), "value": text(2000)}, {"accessibility_label": text(75)})
FEEDBACK = _element("feedback_buttons", {"positive_button": _SIDE, "negative_button": _SIDE}, {})
OVERFLOW = _element("overflow", {"options": _options(5)}, {"confirm": CONFIRM})
SELECT = _element("static_select", {"options": _options(100)}, {"initial_option": OPTION, **_CHOICE})
MULTI = _element(
    "multi_static_select",
    {"options": _options(100)},
    {"initial_options": _options(100), "max_selected_items": kind(int), **_CHOICE},
)
RADIO = _element("radio_buttons", {"options": _options(10)}, {"initial_option": OPTION, **_CHOICE})
CHECKBOXES = _element("checkboxes", {"options": _options(10)}, {"initial_options": _options(10), **_CHOICE})
USERS = _element("users_select", {}, {"initial_user": text(20), **_CHOICE})
CONVERSATIONS = _element(
    "conversations_select",
    {},
    {
        "initial_conversation": text(20),
        "default_to_current_conversation": kind(bool),
        "response_url_enabled": kind(bool),
        "filter": Shape(
            {},
            {
                "include": many(one_of("im", "mpim", "private", "public"), most=4),
                "exclude_external_shared_channels": kind(bool),
                "exclude_bot_users": kind(bool),
            },
            any_of=("include", "exclude_external_shared_channels", "exclude_bot_users"),
        ),
        **_CHOICE,
    },
)
MOMENT = _element("datetimepicker", {}, {"initial_date_time": kind(int), **_CHOICE})
DATE = _element("datepicker", {}, {"initial_date": text(10), **_CHOICE})
NUMBER = _element(
    "number_input",
    {"is_decimal_allowed": kind(bool)},
    {"initial_value": text(40), "min_value": text(40), "max_value": text(40), **_CHOICE},
)
INPUT = _element(
    "plain_text_input",
    {},
    {
        "initial_value": text(3000, least=0),
        "multiline": kind(bool),
        "min_length": kind(int),
        "max_length": kind(int),
        "focus_on_load": kind(bool),
        "placeholder": plain(150),
    },
)
_PRESSED: Mapping[str, Rule] = {
    "button": BUTTON,
    "overflow": OVERFLOW,
    "static_select": SELECT,
    "radio_buttons": RADIO,
    "checkboxes": CHECKBOXES,
    "users_select": USERS,
    "conversations_select": CONVERSATIONS,
    "datetimepicker": MOMENT,
    "datepicker": DATE,
}
_TYPED: Mapping[str, Rule] = {
    **{name: rule for name, rule in _PRESSED.items() if name not in ("button", "overflow")},
    "multi_static_select": MULTI,
    "plain_text_input": INPUT,
    "number_input": NUMBER,
}


def _block(
    name: str,
    required: Mapping[str, Rule],
    optional: Mapping[str, Rule] | None = None,
    *,
    any_of: tuple[str, ...] = (),
) -> Rule:
    return Shape({"type": one_of(name), **required}, {"block_id": text(255), **(optional or {})}, any_of=any_of)


_CELL = by_type({"raw_text": Shape({"type": one_of("raw_text"), "text": text(3000)})})
_COLUMN = Shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": kind(bool)})
IN_MESSAGES: Mapping[str, Rule] = {
    "section": _block(
        "section",
        {},
        {
            "text": either(3000),
            "fields": many(either(2000), most=10),
            "accessory": by_type(_PRESSED),
            "expand": kind(bool),
        },
        any_of=("text", "fields"),
    ),
    "header": _block("header", {"text": plain(150)}),
    "divider": _block("divider", {}),
    "context": _block("context", {"elements": many(either(3000), most=10)}),
    "actions": _block("actions", {"elements": many(by_type(_PRESSED), most=25)}),
    "context_actions": _block("context_actions", {"elements": many(by_type({"feedback_buttons": FEEDBACK}), most=5)}),
    "markdown": _block("markdown", {"text": text(12_000)}),
    "table": _block(
        "table", {"rows": many(many(_CELL, most=20), most=100)}, {"column_settings": many(_COLUMN, most=20)}
    ),
}
IN_MODALS: Mapping[str, Rule] = {
    **{name: rule for name, rule in IN_MESSAGES.items() if name not in ("table", "context_actions", "markdown")},
    "input": _block(
        "input",
        {"label": plain(2000), "element": by_type(_TYPED)},
        {"hint": plain(2000), "optional": kind(bool), "dispatch_action": kind(bool)},
    ),
}
MODAL = Shape(
    {"type": one_of("modal"), "title": plain(24), "blocks": many(by_type(IN_MODALS), most=100)},
    {
        "close": plain(24),
        "submit": plain(24),
        "private_metadata": text(3000, least=0),
        "callback_id": text(255),
        "clear_on_close": kind(bool),
        "notify_on_close": kind(bool),
    },
)
HOME = Shape(
    {"type": one_of("home"), "blocks": many(by_type(IN_MODALS), most=100)},
    {"private_metadata": text(3000, least=0), "callback_id": text(255)},
)
CHUNK = by_type(
    {
        "plan_update": Shape({"type": one_of("plan_update"), "title": text(256)}),
        "task_update": Shape(
            {
                "type": one_of("task_update"),
                "id": text(255),
                "title": text(600),
                "status": one_of("pending", "in_progress", "complete", "error"),
            }
        ),
    }
)


def assert_message_taken(message: Message, *, plain: bool = False) -> None:
    """Slack would take it by `chat.postMessage` and `chat.update`. `plain`: it has text alone, and no block at all."""
    wrong = [*text(4000)(message.text, "text")]
    wrong += message.blocks if plain else many(by_type(IN_MESSAGES), most=50)(message.blocks, "blocks")
    wrong += _twice(message.blocks)
    size = units(json.dumps(message.blocks, ensure_ascii=False, separators=(",", ":")))
    assert not wrong, wrong[:5]
    assert size <= 13_200, size


def assert_modal_taken(modal: Modal) -> None:
    """Slack would take it by `views.open`."""
    wrong = [*MODAL(modal.view, "view"), *_twice(list(modal.blocks))]
    assert not wrong, wrong[:5]
    needs = any(block["type"] == "input" for block in modal.blocks)
    assert "submit" in modal.view or not needs, "a modal with fields needs a button"


def assert_home_taken(view: JsonObject) -> None:
    """Slack would take it by `views.publish`."""
    wrong = [*HOME(view, "view"), *_twice(view["blocks"])]
    assert not wrong, wrong[:5]


def assert_chunks_taken(chunks: list[JsonObject]) -> None:
    """Slack would take them by `chat.appendStream`."""
    wrong = list(many(CHUNK, most=1000, least=0)(chunks, "chunks"))
    assert not wrong, wrong[:5]


def _twice(blocks: list[JsonObject]) -> Iterator[str]:
    """Block ids must differ in a message, action ids in a block; options in their values."""
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    yield from {f"block id {name!r} is there twice" for name in ids if ids.count(name) > 1}
    for block in blocks:
        actions = [each.get("action_id") for each in block.get("elements", []) if "action_id" in each]
        yield from {f"action id {name!r} is there twice" for name in actions if actions.count(name) > 1}
