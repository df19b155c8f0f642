"""Finding what a person can touch in a message or a view, and what touching it says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from bot.local.slack.errors import Refused
from bot.local.slack.jsonvalues import is_list, is_object, objects, text_of
from tools.contracts.common import JsonObject

_HOLDERS = {
    "actions": "elements",
    "context_actions": "elements",
    "card": "actions",
}


def touchable(blocks: list[JsonObject]) -> Iterator[tuple[str, JsonObject]]:
    """Every interactive element with its block id, as it stands in the blocks now."""
    for block in blocks:
        kind, block_id = block.get("type"), str(block.get("block_id", ""))
        for element in objects(block.get(_HOLDERS.get(str(kind), ""))):
            yield block_id, element
        for single in ("accessory", "element"):
            element = block.get(single)
            if is_object(element) and "action_id" in element:
                yield block_id, element
        yield from touchable(objects(block.get("child_blocks")))
        if kind == "carousel":
            yield from touchable(objects(block.get("elements")))


def find(blocks: list[JsonObject], action_id: str, block_id: str | None) -> tuple[str, JsonObject]:
    """The element a person would click. Raises :class:`Refused` when it is not there (any more)."""
    for found_in, element in touchable(blocks):
        if element.get("action_id") == action_id and block_id in {None, found_in}:
            return found_in, element
    there = ", ".join(str(element.get("action_id")) for _, element in touchable(blocks)) or "nothing"
    raise Refused(f"There is no {action_id} to click in the message as it is now (there is {there}).")


def option_of(element: JsonObject, value: str) -> JsonObject:
    """The option with this value. Raises :class:`Refused`."""
    options = objects(element.get("options"))
    for group in objects(element.get("option_groups")):
        options += objects(group.get("options"))
    for option in options:
        if option.get("value") == value:
            return option
    allowed = ", ".join(str(option.get("value")) for option in options)
    raise Refused(f"{element.get('action_id')} has no option {value}; it has {allowed}.")


_BARE = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
}
_BARE_MANY = {
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
}


def chosen(element: JsonObject, value: Any) -> JsonObject:
    """What the element says once a person chose `value`. Raises :class:`Refused` for what it does not offer."""
    kind = str(element.get("type"))
    many = [str(item) for item in value] if is_list(value) else [] if value is None else [str(value)]
    if kind in {"static_select", "radio_buttons", "overflow", "external_select"}:
        return {"selected_option": option_of(element, many[0]) if many else None}
    if kind in {"multi_static_select", "checkboxes", "multi_external_select"}:
        return {"selected_options": [option_of(element, item) for item in many]}
    if kind in _BARE_MANY:
        return {_BARE_MANY[kind]: many}
    if kind in _BARE:
        return {_BARE[kind]: value}
    if kind == "feedback_buttons":
        sides = {str(element[side]["value"]): element[side] for side in ("positive_button", "negative_button")}
        if str(value) not in sides:
            raise Refused(f"{element.get('action_id')} has no button {value}; it has {', '.join(sides)}.")
        return {"value": value, "text": sides[str(value)].get("text")}
    own = element.get("value")
    if value is not None and value != own:
        raise Refused(f"{element.get('action_id')} has the value {own!r}, not {value!r}: nobody could click that.")
    return {name: element[name] for name in ("text", "value", "style") if name in element}


def action(element: JsonObject, block_id: str, value: Any) -> JsonObject:
    """One entry of `actions` in a `block_actions` payload."""
    return {
        "action_id": element.get("action_id"),
        "block_id": block_id,
        "type": element.get("type"),
        **chosen(element, value),
        "action_ts": f"{time.time():.6f}",
    }


def initial(element: JsonObject) -> JsonObject | None:
    """What an untouched element says in `state.values`; None for what has no state."""
    kind = str(element.get("type"))
    if kind in {"static_select", "radio_buttons", "external_select"}:
        return {"selected_option": element.get("initial_option")}
    if kind in {"multi_static_select", "checkboxes", "multi_external_select"}:
        return {"selected_options": element.get("initial_options", [])}
    if kind in _BARE_MANY:
        return {_BARE_MANY[kind]: element.get("initial_" + _BARE_MANY[kind].removeprefix("selected_"), [])}
    if kind in _BARE:
        field = _BARE[kind]
        return {field: element.get("initial_" + field.removeprefix("selected_"))}
    return None


def state_of(blocks: list[JsonObject], touched: dict[str, dict[str, Any]] | None = None) -> JsonObject:
    """`state` of a message or view: every stateful element, with what was chosen over what it started with."""
    values: dict[str, Any] = {}
    for block_id, element in touchable(blocks):
        state = initial(element)
        action_id = str(element.get("action_id"))
        if state is None:
            continue
        given = (touched or {}).get(block_id, {})
        if action_id in given:
            state = chosen(element, given[action_id])
        values.setdefault(block_id, {})[action_id] = {"type": element.get("type"), **state}
    return {"values": values}


def unanswered(blocks: list[JsonObject], state: JsonObject) -> dict[str, str]:
    """What Slack's own form would not let a person submit: block id to its sentence."""
    problems: dict[str, str] = {}
    for block in blocks:
        element = block.get("element")
        if block.get("type") != "input" or not is_object(element):
            continue
        block_id = str(block.get("block_id"))
        said = state["values"].get(block_id, {}).get(element.get("action_id"), {})
        answer = next((value for name, value in said.items() if name != "type"), None)
        if not answer:
            if not block.get("optional"):
                problems[block_id] = f"Please complete this required field: {text_of(block.get('label'))}."
        elif isinstance(answer, str):
            if len(answer) < int(element.get("min_length", 0)):
                problems[block_id] = f"Please enter at least {element['min_length']} characters."
            elif len(answer) > int(element.get("max_length", 3000)):
                problems[block_id] = f"Please enter no more than {element.get('max_length', 3000)} characters."
    return problems
