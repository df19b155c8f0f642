"""What a file is, by its bytes. What it is called, and what Slack says of it, is not believed."""

from __future__ import annotations

import codecs
import unicodedata
from dataclasses import dataclass

from agents.orchestrator.images import Image, ImageRefused
from bot.redaction import redact
from bot.secret_rules import SecretKind
from tools.whole_text import whole_text

TEXT = "text/plain"

_BOMS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8"))
_NO_TEXT = (b"%PDF-", b"PK\x03\x04", b"\x1f\x8b", b"\x7fELF", b"{\\rtf")
_FEW = 0.01
"""Share of control characters above which it is no text that a person wrote or a program logged."""


class FileRefused(Exception):
    """The file is not used. The message says why, and what would be taken: one sentence each."""


@dataclass(frozen=True)
class Recognised:
    """A file that models may see."""

    media_type: str
    kept: bytes
    """An image as it came; a text after redaction, as UTF-8."""
    redacted: tuple[SecretKind, ...] = ()


def recognise(data: bytes, *, most_text_bytes: int) -> Recognised:
    """Raises :class:`FileRefused` for what is empty, too large, or neither an image nor text."""
    if not data:
        raise FileRefused("It is empty.")
    if _looks_like_image(data):
        try:
            return Recognised(Image.of(data).media_type, data)
        except ImageRefused as refused:
            raise FileRefused(str(refused)) from refused
    text = _text(data[:most_text_bytes], whole=len(data) <= most_text_bytes)
    if text is None:
        raise FileRefused("It is neither a PNG, JPEG, GIF or WebP image nor plain text. Send one of those.")
    if len(data) > most_text_bytes:
        raise FileRefused(
            f"It has {len(data) // 1024:,} kB of text; at most {most_text_bytes // 1024:,} kB are read. "
            "Send the part that matters."
        )
    cleaned = redact(whole_text(text))
    return Recognised(TEXT, cleaned.text.encode(), tuple(cleaned.found))


def _looks_like_image(data: bytes) -> bool:
    return data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")) or (
        data.startswith(b"RIFF") and data[8:12] == b"WEBP"
    )


def _text(data: bytes, *, whole: bool) -> str | None:
    """None: it is no text. `whole`: else its beginning, which may end within a character."""
    if data.startswith(_NO_TEXT):
        return None
    encoding = next((name for mark, name in _BOMS if data.startswith(mark)), "utf-8")
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(data, final=whole).removeprefix("\ufeff")
    except UnicodeDecodeError:
        return None
    controls = sum(unicodedata.category(char) == "Cc" and char not in "\t\n\r\x0b\x0c\x1b" for char in text)
    return text if "\x00" not in text and controls <= _FEW * len(text) else None
