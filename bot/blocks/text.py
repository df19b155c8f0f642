"""Text that people, models, alerts and inventories wrote, made safe to show in Slack.

Everything here is hostile until it has been through one of these functions: it must not ping, spoof a link,
break out of a code span, hide characters or reorder the line it stands in. Three dialects, three functions:
:func:`escape` for `mrkdwn`, :func:`plain` for `plain_text`, :func:`markdown` for streamed Markdown.
"""

from __future__ import annotations

import re
import unicodedata

ELLIPSIS = "…"

_JOINERS = {"\u200c", "\u200d"}
"""Zero-width (non-)joiner: invisible, but emoji, Persian and Indic scripts need them between non-ASCII letters."""

_MAX_MARKS = 4
"""Combining marks kept in a row; more only serve to smear neighboring lines."""

_ASCII_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_BROADCAST = re.compile(r"@(?=(?:here|channel|everyone|group)\b)", re.IGNORECASE)
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_LINE_QUOTE = re.compile(r"(?m)^(\s*)>+")
_BLANK_LINES = re.compile(r"\n\s*\n\s*")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_MARKDOWN_BLOCK = re.compile(r"(?m)^(\s*)(#{1,6}|[-+]|\d+[.)]|={3,}|-{3,})(?=\s|$)")

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ESCAPES = str.maketrans(_ENTITIES)
_LOOKALIKES = str.maketrans({"`": "ˋ", "*": "∗", "~": "∼"})
"""Slack has no escape for its own marks, so hostile ones become characters that look alike and mean nothing."""


def length(text: str) -> int:
    """Length as Slack's limits are taken here: UTF-16 code units, the largest of the ways it could be counted."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, the last one an ellipsis when something was cut. For text without entities."""
    if length(text) <= limit:
        return text
    kept: list[str] = []
    room = limit - 1
    for char in text:
        room -= length(char)
        if room < 0:
            break
        kept.append(char)
    return "".join(kept).rstrip() + ELLIPSIS


def clean(text: str) -> str:
    """Without control, bidirectional, zero-width and unpaired surrogate characters; line ends become `\\n`."""
    text = re.sub(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]", "\n", text).replace("\t", " ")
    if text.isascii():  # what most texts are; the same characters go as below
        return _ASCII_CONTROLS.sub("", text)
    kept: list[str] = []
    marks = 0
    for at, char in enumerate(text):
        category = unicodedata.category(char)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if category == "Cs":
            kept.append("\ufffd")
        elif char in _JOINERS:
            if _joins(text, at):
                kept.append(char)
        elif char == "\n" or not (category in {"Cc", "Cf"} or marks > _MAX_MARKS):
            kept.append(char)
    return "".join(kept)


def one_line(text: str) -> str:
    """Cleaned, and every run of white space one space: an asset's name cannot add a line to a card."""
    return " ".join(clean(text).split())


def escape(text: str, limit: int = 3000) -> str:
    """Any text as harmless `mrkdwn`, at most `limit` characters *after* escaping; never cut inside an entity."""
    text = _neutral(_BLANK_LINES.sub("\n\n", clean(text).strip()))
    return _fit_escaped(_LINE_QUOTE.sub(r"\1›", text), limit)


def inline(text: str, limit: int = 300) -> str:
    """:func:`escape`, on one line."""
    return _fit_escaped(re.sub(r"^>+", "›", _neutral(one_line(text))), limit)


def code(text: str, limit: int = 120) -> str:
    """An identifier as a code span. What is inside cannot end the span or add a line."""
    inside = _fit_escaped(_BROADCAST.sub("＠", one_line(text).replace("`", "ˋ")), limit - 2)
    return f"`{inside}`" if inside else "`(empty)`"


def plain(text: str, limit: int) -> str:
    """For `plain_text` objects (headers, buttons, dialogs), where Slack parses nothing: one line, no markup."""
    text = _BROADCAST.sub("＠", one_line(text)).replace("<", "‹").replace(">", "›")
    return clip(_ENTITY.sub("＆", text), limit) or ELLIPSIS


def markdown(text: str, limit: int = 250) -> str:
    """One line of harmless Markdown, for streamed chunks: no links, no mentions, no entities, no code, no headings."""
    text = _neutral(one_line(text)).replace("<", "‹").replace(">", "›").replace("[", "(").replace("]", ")")
    text = _ENTITY.sub("＆", text).replace("\\", "＼")
    return clip(_MARKDOWN_BLOCK.sub(r"\1·\2", text), limit)


def _joins(text: str, at: int) -> bool:
    if at == 0 or at + 1 == len(text):
        return False
    before, after = text[at - 1], text[at + 1]
    return not before.isascii() and not after.isascii() and unicodedata.category(after) not in {"Cf", "Cc"}


def _neutral(text: str) -> str:
    return _EDGE_UNDERSCORE.sub("ˍ", _BROADCAST.sub("＠", text.translate(_LOOKALIKES)))


def _fit_escaped(text: str, limit: int) -> str:
    escaped = text.translate(_ESCAPES)
    if length(escaped) <= limit:
        return escaped
    kept: list[str] = []
    room = limit - 1
    for piece in (_ENTITIES.get(char, char) for char in text):
        room -= length(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept).rstrip() + ELLIPSIS
