"""The anchor file: keyed, atomic, only ever forwards."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from bot.ledger.anchor import SECTOR, AnchorTampered, AnchorUnavailable, FileAnchor
from bot.ledger.chain import Head

KEY = b"anchor key of thirty-two bytes .."


@pytest.fixture
def anchor(tmp_path: Path) -> FileAnchor:
    return FileAnchor(tmp_path / "made" / "when" / "needed", key=KEY)


def head(seq: int) -> Head:
    return Head(seq, f"{seq:064x}")


async def test_an_org_never_anchored_has_no_head(anchor: FileAnchor) -> None:
    assert await anchor.read("T1") is None


async def test_it_remembers_the_last_head(anchor: FileAnchor) -> None:
    anchor.advance_now("T1", head(1))
    anchor.advance_now("T1", head(7))
    assert await anchor.read("T1") == head(7)


async def test_it_never_moves_backwards(anchor: FileAnchor) -> None:
    anchor.advance_now("T1", head(7))
    anchor.advance_now("T1", head(3))
    assert await anchor.read("T1") == head(7)


async def test_many_at_once_end_at_the_furthest(anchor: FileAnchor) -> None:
    await asyncio.gather(*(asyncio.to_thread(anchor.advance_now, "T1", head(n)) for n in (5, 40, 1, 39, 2, 17, 40, 38)))
    assert await anchor.read("T1") == head(40)


async def test_orgs_do_not_share_a_file_whatever_they_are_called(anchor: FileAnchor, tmp_path: Path) -> None:
    names = ["T1", "../../escape", "T1/x", "a" * 400, "T1\n"]
    for number, org in enumerate(names, start=1):
        anchor.advance_now(org, head(number))
    assert [await anchor.read(org) for org in names] == [head(n) for n in range(1, 6)]
    assert await asyncio.to_thread(os.listdir, tmp_path) == ["made"]


async def test_another_entry_in_the_same_place_is_refused(anchor: FileAnchor) -> None:
    anchor.advance_now("T1", head(4))
    with pytest.raises(AnchorTampered, match="another entry 4"):
        anchor.advance_now("T1", Head(4, "f" * 64))


async def test_an_anchor_of_another_org_is_refused(anchor: FileAnchor) -> None:
    anchor.advance_now("T1", head(4))
    anchor.advance_now("T2", head(9))
    anchor.path("T1").write_bytes(anchor.path("T2").read_bytes())
    with pytest.raises(AnchorTampered, match="was edited"):
        await anchor.read("T1")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"org":"T1","seq":4}', '{"org":"T1","seq":4,"hash":"0","mac":"é"}']
)
async def test_a_damaged_anchor_is_refused_and_not_overwritten(anchor: FileAnchor, content: str) -> None:
    anchor.advance_now("T1", head(4))
    anchor.path("T1").write_text(content)
    with pytest.raises(AnchorTampered):
        anchor.advance_now("T1", head(5))
    assert anchor.path("T1").read_text() == content


async def test_a_directory_that_is_a_file_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AnchorUnavailable, match="cannot be written"):
        FileAnchor(tmp_path / "file", key=KEY).advance_now("T1", head(1))


async def test_no_temporary_file_is_left(anchor: FileAnchor) -> None:
    for number in range(1, 6):
        anchor.advance_now("T1", head(number))
    assert sorted(path.suffix for path in anchor.path("T1").parent.iterdir()) == [".json", ".lock"]


async def test_it_is_one_sector_and_written_over_in_its_place(anchor: FileAnchor) -> None:
    anchor.advance_now("T1", head(1))
    first = anchor.path("T1").stat()
    anchor.advance_now("T1", head(123456789))
    assert await anchor.read("T1") == head(123456789)
    second = anchor.path("T1").stat()
    assert (first.st_ino, first.st_size, second.st_size) == (second.st_ino, SECTOR, SECTOR)


async def test_one_of_another_size_is_replaced(anchor: FileAnchor) -> None:
    """As an earlier version wrote them: no more than what they say."""
    anchor.advance_now("T1", head(1))
    anchor.path("T1").write_bytes(anchor.path("T1").read_bytes().rstrip())
    assert await anchor.read("T1") == head(1)
    anchor.advance_now("T1", head(2))
    assert await anchor.read("T1") == head(2)
    assert anchor.path("T1").stat().st_size == SECTOR


async def test_an_org_whose_anchor_is_longer_than_a_sector_has_one_too(anchor: FileAnchor) -> None:
    org = "ö" * 500
    for number in range(1, 4):
        anchor.advance_now(org, head(number))
    assert await anchor.read(org) == head(3)


async def test_who_reads_while_another_writes_is_not_told_that_it_was_edited(anchor: FileAnchor) -> None:
    anchor.advance_now("T1", head(1))

    def write() -> None:
        for number in range(2, 400):
            anchor.advance_now("T1", head(number))

    def read() -> None:
        last = 0
        while last < 399:
            found = anchor.read_now("T1")
            assert found is not None
            assert found.seq >= last
            last = found.seq

    await asyncio.gather(asyncio.to_thread(write), asyncio.to_thread(read), asyncio.to_thread(read))
