"""Every block type Slack knows today, with its fields and limits (Block Kit reference)."""

from __future__ import annotations

from collections.abc import Mapping

from bot.local.slack.blocks.checks import (
    Check,
    Report,
    anything,
    array,
    boolean,
    identifier,
    nested,
    number,
    one_of,
    shape,
    string,
    tagged,
    whole,
)
from bot.local.slack.blocks.elements import (
    BUTTON,
    FEEDBACK,
    ICON_BUTTON,
    IMAGE,
    INTERACTIVE,
    OVERFLOW,
    PICKERS,
    TYPED_INPUTS,
    URL_SOURCE,
    plain_text,
    text,
    url,
)
from bot.local.slack.blocks.rich_text import rich_text
from bot.local.slack.jsonvalues import is_list, is_object

BLOCK_ID = identifier("block_id")
TASK_STATUS = one_of("pending", "in_progress", "complete", "error")
_RICH = rich_text(BLOCK_ID)


def _block(
    kind: str,
    required: Mapping[str, Check],
    optional: Mapping[str, Check] | None = None,
    *,
    any_of: tuple[str, ...] = (),
) -> Check:
    return shape({"type": one_of(kind), **required}, {"block_id": BLOCK_ID, **(optional or {})}, any_of=any_of)


_SECTION = _block(
    "section",
    {},
    {
        "text": text(3000),
        "fields": array(text(2000), most=10),
        "accessory": tagged({**INTERACTIVE, "image": IMAGE}, what="accessory"),
        "expand": boolean,
    },
    any_of=("text", "fields"),
)
_CONTEXT_ITEM = tagged({"image": IMAGE, "plain_text": plain_text(3000), "mrkdwn": text(3000)}, what="context element")
_INPUT = _block(
    "input",
    {"label": plain_text(2000), "element": tagged({**PICKERS, **TYPED_INPUTS}, what="input element")},
    {"hint": plain_text(2000), "optional": boolean, "dispatch_action": boolean},
)
_RAW_NUMBER = shape({"type": one_of("raw_number"), "value": number}, {"text": string(least=1)})
_CELL = tagged(
    {
        "raw_text": shape({"type": one_of("raw_text"), "text": string(least=1)}),
        "raw_number": _RAW_NUMBER,
        "rich_text": _RICH,
    },
    what="table cell",
)
_COLUMN = shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})


def _nullable(inner: Check) -> Check:
    def check(value: object, path: str, report: Report) -> None:
        if value is not None:
            inner(value, path, report)

    return check


def _same_width(value: object, path: str, report: Report) -> None:
    rows = value.get("rows") if is_object(value) else None
    if is_list(rows) and len({len(row) for row in rows if is_list(row)}) > 1:
        report.add("all rows must have the same number of cells", f"{path}/rows")


_TABLE = nested(
    _block(
        "table",
        {"rows": array(array(_CELL, most=20), most=100)},
        {"column_settings": array(_nullable(_COLUMN), most=20, least=0)},
    ),
    _same_width,
)
_TASK_FIELDS: dict[str, Check] = {
    "details": _RICH,
    "output": _RICH,
    "sources": array(URL_SOURCE, most=50, least=0),
}
TASK_CARD = _block(
    "task_card",
    {"task_id": string(most=255, least=1), "title": string(least=1), "status": TASK_STATUS},
    _TASK_FIELDS,
)
_PLAN_TASK = shape(
    {"task_id": string(most=255, least=1), "title": string(least=1), "status": TASK_STATUS},
    {"type": one_of("task_card"), "block_id": BLOCK_ID, **_TASK_FIELDS},
)
_CARD = _block(
    "card",
    {},
    {
        "hero_image": IMAGE,
        "icon": IMAGE,
        "title": text(150),
        "subtitle": text(150),
        "body": text(200),
        "actions": array(BUTTON, most=5),
    },
    any_of=("hero_image", "title", "actions", "body"),
)

_SIMPLE: dict[str, Check] = {
    "section": _SECTION,
    "header": _block("header", {"text": plain_text(150)}, {"level": whole(1, 4)}),
    "divider": _block("divider", {}),
    "context": _block("context", {"elements": array(_CONTEXT_ITEM, most=10)}),
    "actions": _block("actions", {"elements": array(tagged(INTERACTIVE, what="actions element"), most=25)}),
    "image": _block(
        "image",
        {"alt_text": string(most=2000, least=1)},
        {"image_url": url, "slack_file": shape({}, {"id": string(), "url": url}), "title": plain_text(2000)},
        any_of=("image_url", "slack_file"),
    ),
    "rich_text": _RICH,
    "video": _block(
        "video",
        {
            "alt_text": string(),
            "title": plain_text(200),
            "video_url": url,
            "thumbnail_url": url,
        },
        {
            "title_url": url,
            "description": plain_text(200),
            "author_name": string(most=50),
            "provider_name": string(),
            "provider_icon_url": url,
        },
    ),
}
_MESSAGE_ONLY: dict[str, Check] = {
    "markdown": _block("markdown", {"text": string(most=12_000, least=1)}),
    "table": _TABLE,
    "file": _block("file", {"external_id": string(), "source": one_of("remote")}),
    "call": _block("call", {"call_id": string()}, {"call": anything, "api_decoration_available": boolean}),
    "context_actions": _block(
        "context_actions",
        {"elements": array(tagged({"feedback_buttons": FEEDBACK, "icon_button": ICON_BUTTON}, what="element"), most=5)},
    ),
    "task_card": TASK_CARD,
    "plan": _block("plan", {"title": string(least=1)}, {"tasks": array(_PLAN_TASK, most=50, least=0)}),
    "alert": _block("alert", {"text": text(3000)}, {"level": one_of("default", "info", "warning", "error", "success")}),
    "card": _CARD,
    "carousel": _block("carousel", {"elements": array(_CARD, most=10)}),
}
_CHILD = tagged({**_SIMPLE, **_MESSAGE_ONLY}, what="block in a container")
_MESSAGE_ONLY["container"] = _block(
    "container",
    {"child_blocks": array(_CHILD, most=10)},
    {
        "title": plain_text(150),
        "rich_text_title": _RICH,
        "subtitle": text(150),
        "width": one_of("narrow", "standard", "wide", "full"),
        "icon": IMAGE,
        "is_collapsible": boolean,
        "default_collapsed": boolean,
        "has_header_divider": boolean,
    },
)
_MESSAGE_ONLY["auth_provider"] = _block(
    "auth_provider",
    {"value": string(most=150, least=1), "name": plain_text(75), "is_connected": boolean},
    {
        "description": plain_text(150),
        "icon_url": url,
        "auth_url": url,
        "disconnect_url": url,
        "connected_identity": plain_text(75),
        "connected_context": plain_text(75),
        "accessory": OVERFLOW,
        "fallback": array(_CHILD, most=10),
    },
)

MESSAGE_BLOCK = tagged({**_SIMPLE, **_MESSAGE_ONLY, "input": _INPUT}, what="block")
VIEW_BLOCK = tagged(
    {**_SIMPLE, "input": _INPUT, "alert": _MESSAGE_ONLY["alert"], "card": _CARD}, what="block in a view"
)
