"""A database of any older schema comes forwards with everything in it, and its ledger verifies and is written on."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.ledger.anchor import FileAnchor
from bot.ledger.chain import Head
from bot.ledger.database import Database
from bot.ledger.ledger import Ledger
from bot.ledger.schema import migrate, newest_version, versions
from tests.unit.ledger.book import KEY, ORG
from tests.unit.ledger.older import ENTRIES, RECORDED, Rows, lay, rows

TASK = RECORDED["tables"]["ledger_entries"][0]["task_id"]


def _anchored(directory: Path) -> FileAnchor:
    anchor = FileAnchor(directory, key=KEY)
    anchor.advance_now(ORG, Head(0, RECORDED["tables"]["ledger_entries"][0]["prev_hash"]))
    stored = RECORDED["anchor"]
    anchor.advance_now(ORG, Head(stored["seq"], stored["hash"]))
    return anchor


@pytest.mark.parametrize("version", versions()[:-1])
async def test_what_an_older_schema_holds_is_all_there_after_the_upgrade(version: str, empty_url: str) -> None:
    before = await lay(empty_url, version)
    assert all(before.values()), "a table without a row shows nothing"
    await migrate(empty_url)
    after = await rows(empty_url)
    kept: Rows = {
        table: [{name: row[name] for name in old} for row, old in zip(after[table], found, strict=True)]
        for table, found in before.items()
    }
    assert kept == before


@pytest.mark.parametrize("version", versions())
async def test_the_ledger_of_an_older_schema_verifies_and_is_written_on(
    version: str, empty_url: str, tmp_path: Path
) -> None:
    await lay(empty_url, version)
    await migrate(empty_url)
    database = Database.open(empty_url)
    ledger = Ledger(database, _anchored(tmp_path / "anchors"), key=KEY)
    try:
        found = await ledger.verify(ORG)
        assert (found.ok, found.entries, found.artifacts, found.anchored_seq) == (True, ENTRIES, 1, ENTRIES)
        results = await ledger.tool_results(ORG, TASK, ["t1"])
        assert len(results["t1"]["assets"]) == 260
        assert await ledger.cost(ORG, TASK) == 0.01
        # Repeated by a step that was at work when it was upgraded: known. Then something new.
        for key in ("ended", "after"):
            await ledger.record("task_ended", {"outcome": "completed"}, org=ORG, task_id=TASK, actor="gavel", key=key)
        found = await ledger.verify(ORG)
        assert (found.ok, found.entries, found.anchored_seq) == (True, ENTRIES + 1, ENTRIES + 1)
    finally:
        await ledger.close()
        await database.close()


async def test_an_entry_that_was_edited_before_the_upgrade_is_found_after_it(empty_url: str, tmp_path: Path) -> None:
    await lay(empty_url, "0001")
    database = Database.open(empty_url)
    try:
        async with database.writing("tampering") as connection:
            await connection.exec_driver_sql("UPDATE ledger_entries SET body = '{}' WHERE seq = 2")
        await migrate(empty_url)
        found = await Ledger(database, _anchored(tmp_path / "anchors"), key=KEY).verify(ORG)
    finally:
        await database.close()
    assert (found.ok, found.first_bad_seq) == (False, 2)


async def test_an_upgrade_that_fails_half_way_leaves_the_old_schema_with_everything_in_it(empty_url: str) -> None:
    before = await lay(empty_url, "0003")
    database = Database.open(empty_url)
    try:
        # In the way of a later version: that one's table is there already.
        async with database.writing("obstacle") as connection:
            await connection.exec_driver_sql("CREATE TABLE task_files (org TEXT)")
        with pytest.raises(Exception, match="brought up to date"):
            await migrate(empty_url)
        async with database.writing("obstacle") as connection:
            await connection.exec_driver_sql("DROP TABLE task_files")
    finally:
        await database.close()
    assert await rows(empty_url) == before
    await migrate(empty_url)
    assert (await rows(empty_url))["ledger_entries"] == before["ledger_entries"]


def test_the_versions_are_in_order() -> None:
    assert versions() == sorted(versions())
    assert versions()[-1] == newest_version()
