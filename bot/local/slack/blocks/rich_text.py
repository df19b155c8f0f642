"""The rich_text block: sections, lists, quotes and preformatted text, and what stands in them."""

from __future__ import annotations

from collections.abc import Mapping

from bot.local.slack.blocks.checks import Check, array, boolean, number, one_of, shape, string, tagged, whole
from bot.local.slack.blocks.elements import url

_STYLE = shape(
    {},
    {
        "bold": boolean,
        "italic": boolean,
        "strike": boolean,
        "code": boolean,
        "underline": boolean,
        "highlight": boolean,
        "client_highlight": boolean,
        "unlink": boolean,
    },
)


def _inline(kind: str, required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    return shape({"type": one_of(kind), **required}, {"style": _STYLE, **(optional or {})})


_INLINE = tagged(
    {
        "text": _inline("text", {"text": string(least=1)}),
        "link": _inline("link", {"url": url}, {"text": string(), "unsafe": boolean}),
        "user": _inline("user", {"user_id": string(least=1)}),
        "usergroup": _inline("usergroup", {"usergroup_id": string(least=1)}),
        "channel": _inline("channel", {"channel_id": string(least=1)}),
        "team": _inline("team", {"team_id": string(least=1)}),
        "emoji": _inline(
            "emoji", {"name": string(least=1)}, {"unicode": string(), "skin_tone": whole(1, 6), "url": url}
        ),
        "broadcast": _inline("broadcast", {"range": one_of("here", "channel", "everyone")}),
        "color": _inline("color", {"value": string()}),
        "date": _inline("date", {"timestamp": number, "format": string()}, {"url": url, "fallback": string()}),
    },
    what="rich text",
)
_ITEMS = array(_INLINE, most=1000, least=0)
_SECTION = shape({"type": one_of("rich_text_section"), "elements": _ITEMS})
_BORDER = whole(0, 1)

_PARTS = tagged(
    {
        "rich_text_section": _SECTION,
        "rich_text_list": shape(
            {
                "type": one_of("rich_text_list"),
                "style": one_of("bullet", "ordered"),
                "elements": array(_SECTION, most=1000),
            },
            {"indent": whole(0, 8), "offset": whole(0, 10_000), "border": _BORDER},
        ),
        "rich_text_preformatted": shape(
            {"type": one_of("rich_text_preformatted"), "elements": _ITEMS}, {"border": _BORDER, "language": string()}
        ),
        "rich_text_quote": shape({"type": one_of("rich_text_quote"), "elements": _ITEMS}, {"border": _BORDER}),
    },
    what="rich text",
)


def rich_text(block_id: Check) -> Check:
    """The whole block."""
    return shape({"type": one_of("rich_text"), "elements": array(_PARTS, most=1000, least=0)}, {"block_id": block_id})
