"""What a file is, by its bytes, whatever it is called."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.attachments.recognising import TEXT, FileRefused, recognise
from tests.unit.attachments.pictures import GIF, JPEG, PNG, WEBP

MOST = 1000


def refused(data: bytes) -> str:
    with pytest.raises(FileRefused) as error:
        recognise(data, most_text_bytes=MOST)
    return str(error.value)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [(PNG, "image/png"), (JPEG, "image/jpeg"), (GIF, "image/gif"), (WEBP, "image/webp")],
)
def test_images_are_known_by_their_first_bytes_and_kept_as_they_came(data: bytes, media_type: str) -> None:
    found = recognise(data, most_text_bytes=MOST)
    assert (found.media_type, found.kept) == (media_type, data)


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 a zip",
        b"%PDF-1.7\nlooks like text",
        b"\x1f\x8b\x08",
        b"\x7fELF",
        b"{\\rtf1 text}",
        b"RIFF\x00\x00\x00\x00AVI ",
        b"a\x00b",
        "cut within its last character: é".encode()[:-1],
        b"\x80\x81 latin-1 \xe9",
        bytes(range(32)) * 3,
    ],
)
def test_what_is_neither_image_nor_text_is_refused_and_told_what_would_be_taken(data: bytes) -> None:
    assert "PNG, JPEG, GIF or WebP image nor plain text" in refused(data)


def test_nothing_and_too_much_are_refused() -> None:
    assert refused(b"") == "It is empty."
    assert "at most 0 kB are read" in refused(b"x" * (MOST + 1))
    assert "models take at most" in refused(PNG + b"\x00" * 4_000_000)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("before", [0, 1, 2, 3])
def test_too_much_text_is_told_to_be_text_wherever_its_beginning_is_cut(encoding: str, before: int) -> None:
    assert "of text; at most" in refused(("x" * before + "ошибка😀" * MOST).encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_comes_in_the_encodings_that_programs_write(encoding: str) -> None:
    found = recognise("ошибка 500 на web-1\n".encode(encoding), most_text_bytes=MOST)
    assert found.media_type == TEXT
    assert found.kept.decode() == "ошибка 500 на web-1\n"


def test_secrets_in_a_text_are_not_kept() -> None:
    found = recognise(b"db: postgres://app:hunter2secret@db/x\nok", most_text_bytes=MOST)
    assert b"hunter2secret" not in found.kept
    assert b"ok" in found.kept
    assert found.redacted == ("url_password",)


def test_what_a_terminal_colours_is_text() -> None:
    assert recognise(b"\x1b[31mERROR\x1b[0m disk full", most_text_bytes=MOST).media_type == TEXT


@given(st.binary(max_size=300))
@example(b"\xff\xfe\x00\xd8")
@example(b"\xef\xbb\xbf")
def test_any_bytes_are_taken_or_refused_in_words(data: bytes) -> None:
    with suppress(FileRefused):
        found = recognise(data, most_text_bytes=MOST)
        assert found.media_type != TEXT or "\x00" not in found.kept.decode()
