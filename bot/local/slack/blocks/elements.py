"""Block Kit's composition objects and elements, with Slack's limits (Block Kit reference)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.local.slack.blocks.checks import (
    Check,
    Report,
    array,
    boolean,
    identifier,
    number,
    one_of,
    shape,
    string,
    tagged,
    whole,
)
from bot.local.slack.jsonvalues import is_object

ACTION_ID = identifier("action_id")
_URL = re.compile(r"(https?|mailto|tel|slack):", re.IGNORECASE)


def url(value: object, path: str, report: Report) -> None:
    """An absolute URL of up to 3,000 characters."""
    string(most=3000, least=1)(value, path, report)
    if isinstance(value, str) and not _URL.match(value):
        report.add("must be a valid URL", path)


def _typed(kind: str, required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    return shape({"type": one_of(kind), **required}, optional)


def plain_text(most: int) -> Check:
    """A `plain_text` object."""
    return _typed("plain_text", {"text": string(most=most, least=1)}, {"emoji": boolean})


def text(most: int) -> Check:
    """A `plain_text` or `mrkdwn` object."""
    return tagged(
        {
            "plain_text": plain_text(most),
            "mrkdwn": _typed("mrkdwn", {"text": string(most=most, least=1)}, {"verbatim": boolean}),
        },
        what="text object",
    )


CONFIRM = shape(
    {"title": plain_text(100), "text": text(300), "confirm": plain_text(30), "deny": plain_text(30)},
    {"style": one_of("primary", "danger")},
)

OPTION = shape({"text": text(75), "value": string(most=150, least=1)}, {"description": text(75), "url": url})
OPTIONS = array(OPTION, most=100)
OPTION_GROUPS = array(shape({"label": plain_text(75), "options": OPTIONS}), most=100)
DISPATCH = shape({}, {"trigger_actions_on": array(one_of("on_enter_pressed", "on_character_entered"), most=2)})
FILTER = shape(
    {}, {"include": array(string(), most=4), "exclude_bot_users": boolean, "exclude_external_shared_channels": boolean}
)
STYLE = one_of("primary", "danger")

_ASK: dict[str, Check] = {
    "action_id": ACTION_ID,
    "placeholder": plain_text(150),
    "confirm": CONFIRM,
    "focus_on_load": boolean,
}
_MANY: dict[str, Check] = {**_ASK, "max_selected_items": whole(1, 1000)}
_IDS = array(string(least=1), most=1000)

BUTTON = _typed(
    "button",
    {"text": plain_text(75)},
    {
        "action_id": ACTION_ID,
        "url": url,
        "value": string(most=2000),
        "style": STYLE,
        "confirm": CONFIRM,
        "accessibility_label": string(most=75),
    },
)
IMAGE = shape(
    {"type": one_of("image"), "alt_text": string(most=2000, least=1)},
    {"image_url": url, "slack_file": shape({}, {"id": string(), "url": url})},
    any_of=("image_url", "slack_file"),
)
OVERFLOW = _typed("overflow", {"options": array(OPTION, most=5, least=1)}, {"action_id": ACTION_ID, "confirm": CONFIRM})
URL_SOURCE = _typed("url", {"url": url, "text": string(most=256, least=1)})


def _select(kind: str, **extra: Check) -> Check:
    return _typed(kind, {}, {**_ASK, **extra})


def _multi(kind: str, **extra: Check) -> Check:
    return _typed(kind, {}, {**_MANY, **extra})


def _static(kind: str, asks: dict[str, Check], initial: dict[str, Check]) -> Check:
    inner = shape(
        {"type": one_of(kind)},
        {**asks, "options": OPTIONS, "option_groups": OPTION_GROUPS, **initial},
        any_of=("options", "option_groups"),
    )

    def check(value: object, path: str, report: Report) -> None:
        inner(value, path, report)
        if is_object(value) and value.get("options") and value.get("option_groups"):
            report.add("cannot provide both options and option_groups", path)

    return check


_DATE = string(most=10, least=10)
_TIME = string(most=5, least=5)

PICKERS: dict[str, Check] = {
    "static_select": _static("static_select", _ASK, {"initial_option": OPTION}),
    "multi_static_select": _static("multi_static_select", _MANY, {"initial_options": OPTIONS}),
    "external_select": _select("external_select", min_query_length=whole(0, 100), initial_option=OPTION),
    "multi_external_select": _multi("multi_external_select", min_query_length=whole(0, 100), initial_options=OPTIONS),
    "users_select": _select("users_select", initial_user=string()),
    "multi_users_select": _multi("multi_users_select", initial_users=_IDS),
    "conversations_select": _select(
        "conversations_select",
        initial_conversation=string(),
        default_to_current_conversation=boolean,
        response_url_enabled=boolean,
        filter=FILTER,
    ),
    "multi_conversations_select": _multi(
        "multi_conversations_select", initial_conversations=_IDS, default_to_current_conversation=boolean, filter=FILTER
    ),
    "channels_select": _select("channels_select", initial_channel=string(), response_url_enabled=boolean),
    "multi_channels_select": _multi("multi_channels_select", initial_channels=_IDS),
    "datepicker": _select("datepicker", initial_date=_DATE),
    "timepicker": _select("timepicker", initial_time=_TIME, timezone=string()),
    "datetimepicker": _select("datetimepicker", initial_date_time=number),
    "checkboxes": _typed(
        "checkboxes", {"options": array(OPTION, most=10)}, {**_ASK, "initial_options": array(OPTION, most=10)}
    ),
    "radio_buttons": _typed("radio_buttons", {"options": array(OPTION, most=10)}, {**_ASK, "initial_option": OPTION}),
}
"""Selects, pickers and choices: in a section, in actions, and as an input."""

TYPED_INPUTS: dict[str, Check] = {
    "plain_text_input": _select(
        "plain_text_input",
        initial_value=string(),
        multiline=boolean,
        min_length=whole(0, 3000),
        max_length=whole(1, 3000),
        dispatch_action_config=DISPATCH,
    ),
    "email_text_input": _select("email_text_input", initial_value=string(), dispatch_action_config=DISPATCH),
    "url_text_input": _select("url_text_input", initial_value=string(), dispatch_action_config=DISPATCH),
    "number_input": _typed(
        "number_input",
        {"is_decimal_allowed": boolean},
        {
            **_ASK,
            "initial_value": string(),
            "min_value": string(),
            "max_value": string(),
            "dispatch_action_config": DISPATCH,
        },
    ),
    "file_input": _typed(
        "file_input", {}, {"action_id": ACTION_ID, "filetypes": array(string(), most=100), "max_files": whole(1, 10)}
    ),
}

FEEDBACK_BUTTON = shape({"text": plain_text(75), "value": string(most=2000)}, {"accessibility_label": string(most=75)})
FEEDBACK = _typed(
    "feedback_buttons",
    {"positive_button": FEEDBACK_BUTTON, "negative_button": FEEDBACK_BUTTON},
    {"action_id": ACTION_ID},
)
ICON_BUTTON = _typed(
    "icon_button",
    {"icon": string(least=1), "text": plain_text(75)},
    {
        "action_id": ACTION_ID,
        "value": string(most=2000),
        "confirm": CONFIRM,
        "accessibility_label": string(most=75),
        "visible_to_user_ids": _IDS,
    },
)
WORKFLOW_BUTTON = _typed(
    "workflow_button",
    {
        "text": plain_text(75),
        "workflow": shape(
            {
                "trigger": shape(
                    {"url": url},
                    {"customizable_input_parameters": array(shape({"name": string(), "value": string()}), most=100)},
                )
            }
        ),
    },
    {"action_id": ACTION_ID, "style": STYLE, "accessibility_label": string(most=75)},
)

INTERACTIVE: dict[str, Check] = {"button": BUTTON, "overflow": OVERFLOW, "workflow_button": WORKFLOW_BUTTON, **PICKERS}
