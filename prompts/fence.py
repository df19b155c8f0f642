"""Text that nobody vouches for, marked as data: people's words, alerts, tool output, refusals."""

from __future__ import annotations

import re
import unicodedata

FENCE_TAG = "untrusted"

# Any spelling of the fence's own tag, so that what is inside can neither close the fence nor open another.
_BREAK_OUT = re.compile(rf"[<＜﹤‹](?=[\s/／]*{FENCE_TAG})", re.IGNORECASE)
_ASCII_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ATTRIBUTE_UNSAFE = re.compile(r"[^A-Za-z0-9_.:@/+-]")


def neutralise(text: str) -> str:
    """`text` without characters that hide (controls, zero-width, Unicode tags) and without a fence's tag.

    New line and tab stay. Hidden characters are dropped because models read them and people do not.
    """
    return _BREAK_OUT.sub("(", _visible(text))


def _visible(text: str) -> str:
    if text.isascii():  # what most texts are; the same characters go as below
        return _ASCII_HIDDEN.sub("", text)
    return "".join(
        character for character in text if character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cf"}
    )


def clip(text: str, limit: int) -> str:
    """The first three quarters and the last quarter of `limit` characters, saying how many were left out."""
    if len(text) <= limit:
        return text
    head, tail = limit * 3 // 4, limit // 4
    return f"{text[:head]}\n[… {len(text) - head - tail} characters left out …]\n{text[-tail:]}"


def fence(text: str, source: str, *, limit: int | None = None, **attributes: str) -> str:
    """`text` between `<untrusted source="…">` and `</untrusted>`, unable to break out.

    `limit` bounds its length in characters. Attribute values keep letters, digits and `_.:@/+-` only.
    """
    shown = clip(text, limit) if limit is not None else text
    marks = {"source": source, **attributes}
    opening = " ".join(f'{name}="{_ATTRIBUTE_UNSAFE.sub("_", value)}"' for name, value in marks.items())
    return f"<{FENCE_TAG} {opening}>\n{neutralise(shown)}\n</{FENCE_TAG}>"
