"""An export is checked with the key alone, and shows every edit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.ledger.export import verify_export, write_export
from tests.unit.ledger.book import KEY, ORG, Book
from tools.contracts.ledger import LedgerUnavailable

Lines = list[dict[str, Any]]
Change = Callable[[Lines], Lines | None]


@pytest.fixture
async def exported(book: Book, tmp_path: Path) -> Path:
    await book.add(5)
    await book.record({"big": "x" * 50_000, "odd": "\u2028 \x1b[31m é"}, key="big")
    path = tmp_path / "ledger.jsonl"
    await write_export(book.ledger.export(ORG), path)
    return path


def edit(path: Path, change: Change) -> None:
    lines: Lines = [json.loads(line) for line in path.read_text().split("\n") if line]
    changed = change(lines)
    path.write_text("".join(json.dumps(line) + "\n" for line in (lines if changed is None else changed)))


def test_an_export_verifies_offline(exported: Path) -> None:
    found = verify_export(exported, key=KEY)
    assert (found.org, found.ok, found.entries, found.artifacts, found.anchored_seq) == (ORG, True, 6, 1, 6)


def test_it_holds_one_json_object_a_line(exported: Path) -> None:
    kinds = [json.loads(line)["line"] for line in exported.read_text().splitlines()]
    assert kinds == ["header", *["entry"] * 6, "artifact", "footer"]


async def test_an_org_without_entries_exports_and_verifies(book: Book, tmp_path: Path) -> None:
    assert await write_export(book.ledger.export("T0NEW"), tmp_path / "new.jsonl") == 2
    assert verify_export(tmp_path / "new.jsonl", key=KEY).ok


def _set(number: int, name: str, value: object) -> Change:
    def change(lines: Lines) -> None:
        lines[number][name] = value

    return change


EDITS: list[tuple[Change, str]] = [
    (_set(3, "body", '{"step":99}'), "Entry 3 was changed"),
    (lambda lines: lines[:3] + lines[4:], "Entry 3 is missing"),
    (lambda lines: lines[:-1], "was cut"),
    (lambda lines: [], "was cut"),
    (lambda lines: lines[:6] + lines[7:], "last 1 entry was cut off"),
    (lambda lines: lines[:7] + lines[8:], "lines were removed"),
    (lambda lines: [*lines, lines[1]], "does not belong"),
    (lambda lines: lines[1:], "does not begin with its header"),
    (_set(0, "exported_at", "2020-01-01T00:00:00.000000Z"), "header or footer was edited"),
    (_set(0, "anchor", None), "header or footer was edited"),
    (_set(0, "anchor", {"seq": 5, "hash": "0" * 64, "mac": "0" * 64}), "anchor was edited"),
    (_set(0, "format", "gavel-ledger-9"), "another format"),
    (_set(7, "body", '"y"'), "artifact in line 8 was changed"),
    (_set(8, "entries", 5), "header or footer was edited"),
    (_set(2, "seq", "2"), "Line 3 is not an entry"),
    (_set(2, "line", "note"), "Line 3 does not belong"),
]


@pytest.mark.parametrize(("change", "says"), EDITS)
def test_every_edit_of_an_export_shows(exported: Path, change: Change, says: str) -> None:
    edit(exported, change)
    found = verify_export(exported, key=KEY)
    assert not found.ok
    assert says in str(found.problem)


def test_another_key_verifies_no_export(exported: Path) -> None:
    assert not verify_export(exported, key=b"another key of thirty-two bytes .").ok


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000, b"null\n", b'{"line":"header"}\n'])
def test_a_file_that_is_no_export_does_not_verify(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    assert not verify_export(path, key=KEY).ok


async def test_a_tampered_ledger_is_exported_as_evidence_and_does_not_verify(book: Book, tmp_path: Path) -> None:
    await book.add(4)
    await book.sql("UPDATE ledger_entries SET actor = 'U0EVIL' WHERE seq = 2")
    await write_export(book.ledger.export(ORG), tmp_path / "bad.jsonl")
    assert verify_export(tmp_path / "bad.jsonl", key=KEY).first_bad_seq == 2


async def test_an_export_without_its_anchor_does_not_verify(book: Book, tmp_path: Path) -> None:
    await book.add(2)
    book.anchor.path(ORG).unlink()
    await write_export(book.ledger.export(ORG), tmp_path / "bare.jsonl")
    assert "anchor was gone" in str(verify_export(tmp_path / "bare.jsonl", key=KEY).problem)
    await write_export(book.ledger.export("T0NEW"), tmp_path / "new.jsonl")
    book.anchor.path(ORG).write_text("scribble")
    await write_export(book.ledger.export(ORG), tmp_path / "scribbled.jsonl")
    assert "not an anchor any more" in str(verify_export(tmp_path / "scribbled.jsonl", key=KEY).problem)


async def test_a_failed_export_leaves_the_old_file(book: Book, exported: Path) -> None:
    before = await asyncio.to_thread(exported.read_bytes)
    await book.sql("DROP TABLE artifacts")
    with pytest.raises(LedgerUnavailable):
        await write_export(book.ledger.export(ORG), exported)
    assert await asyncio.to_thread(exported.read_bytes) == before
    assert not list(exported.parent.glob(".ledger.jsonl.*"))
