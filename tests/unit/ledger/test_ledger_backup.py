"""Backups, and what a restore comes to, of an older one too."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.ledger.anchor import FileAnchor
from bot.ledger.chain import Head
from tests.unit.ledger.book import KEY, ORG
from tests.unit.ledger.operators import Operator, accept
from tools.contracts.ledger import LedgerUnavailable

on_sqlite = pytest.mark.parametrize("sql_server", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("sql_server", ["postgresql"], indirect=True)


@on_sqlite
async def test_a_backup_is_made_while_entries_are_written_and_verifies(operator: Operator) -> None:
    await operator.book.add(3)
    await operator.book.record({"big": "x" * 50_000}, key="big")
    writing = asyncio.create_task(operator.book.add(60, start=10))
    made = await operator.backup()
    await writing
    assert made.exit_code == 0, made.output
    assert "verified" in made.output
    assert {path.name for path in operator.copy.iterdir()} == {"gavel.db", "anchors"}
    assert (operator.copy / "gavel.db").stat().st_mode & 0o077 == 0


@on_sqlite
async def test_the_anchors_are_never_ahead_of_what_is_copied_with_them(operator: Operator) -> None:
    writing = asyncio.create_task(operator.book.add(80))
    await asyncio.sleep(0.05)
    for number in range(3):
        operator.copy = operator.copy.with_name(f"copy-{number}")
        made = await operator.run("backup", str(operator.copy), "--json")
        assert made.exit_code == 0, made.output
        (found,) = json.loads(made.stdout)["found"]
        assert found["anchored_seq"] <= found["entries"]
    await writing


@on_sqlite
async def test_a_backup_of_a_ledger_that_was_edited_says_so(operator: Operator) -> None:
    await operator.book.add(3)
    await operator.book.sql("UPDATE ledger_entries SET body = '{}' WHERE seq = 2")
    made = await operator.backup()
    assert made.exit_code == 1
    assert "Entry 2 was changed" in made.output


@on_sqlite
async def test_a_backup_names_the_org_whose_anchor_is_gone(operator: Operator) -> None:
    await operator.book.add(2)
    await operator.book.add(1, org="T0OTHER")
    operator.book.anchor.path("T0OTHER").unlink()
    made = await operator.backup()
    assert made.exit_code == 1
    assert "T0OTHER" in made.output
    assert "its anchor is gone" in made.output


@on_sqlite
async def test_an_org_that_begins_while_it_is_backed_up_has_lost_nothing(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    await operator.book.add(2)
    seen = FileAnchor(operator.book.anchor_directory, key=KEY).heads()
    await operator.book.add(3, org="T0OTHER")

    def before_it_began(_: FileAnchor) -> dict[str, Head]:
        return seen

    monkeypatch.setattr(FileAnchor, "heads", before_it_began)
    made = await operator.run("backup", str(operator.copy), "--json")
    monkeypatch.undo()
    assert made.exit_code == 0, made.output
    found = {one["org"]: (one["entries"], one["anchored_seq"]) for one in json.loads(made.stdout)["found"]}
    assert found == {ORG: (2, 2), "T0OTHER": (3, 0)}
    assert (await operator.restore()).exit_code == 0


@pytest.mark.parametrize("stays", [False, True], ids=["renamed", "twice"])
@on_sqlite
async def test_an_anchor_that_is_not_in_its_place_stops_a_backup(operator: Operator, *, stays: bool) -> None:
    await operator.book.add(1)
    right = operator.book.anchor.path(ORG)
    wrong = right.with_name(f"{'0' * 64}.anchor.json")
    wrong.write_bytes(right.read_bytes())
    if not stays:
        right.unlink()
    made = await operator.backup()
    assert made.exit_code == 2
    assert f"{wrong} is not in its place. Nothing was copied." in made.output


@on_sqlite
async def test_a_backup_writes_over_nothing(operator: Operator) -> None:
    await operator.book.add(1)
    operator.copy.mkdir()
    again = await operator.backup()
    assert again.exit_code == 2
    assert "File exists" in again.output
    assert list(operator.copy.iterdir()) == []


@on_postgresql
async def test_of_postgresql_the_anchors_are_copied_and_what_comes_next_is_said(operator: Operator) -> None:
    await operator.book.add(2)
    made = await operator.backup()
    assert made.exit_code == 0, made.output
    assert "pg_dump --format=custom" in made.output
    assert await FileAnchor(operator.copy / "anchors", key=KEY).read(ORG) == await operator.book.anchor.read(ORG)
    assert "pg_restore" in (await operator.restore()).output


@on_postgresql
async def test_an_older_dump_of_postgresql_is_found_and_taken_on(operator: Operator) -> None:
    # As libpq has it, which knows nothing of asyncpg.
    url, dump = operator.book.url.replace("+asyncpg", ""), operator.copy / "gavel.dump"
    await operator.book.add(3)
    assert (await operator.backup()).exit_code == 0
    await tool("pg_dump", "--format=custom", "--file", str(dump), url)
    await operator.book.add(2, start=4)
    await tool("pg_restore", "--clean", "--if-exists", "--single-transaction", "--dbname", url, str(dump))
    found = await operator.run("verify")
    assert found.exit_code == 1
    assert "the last 2 entries were cut off" in found.output
    assert (await operator.run(*accept(2))).exit_code == 0
    await operator.book.add(1, start=50)
    assert (await operator.book.ledger.verify(ORG)).entries == 5


async def tool(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, said.decode()


@on_sqlite
async def test_the_newest_copy_is_put_back_and_written_on(operator: Operator) -> None:
    await operator.book.add(3)
    assert (await operator.backup()).exit_code == 0
    await operator.book.sql("DELETE FROM ledger_entries")
    restored = await operator.restore()
    assert restored.exit_code == 0, restored.output
    assert "3 in order, anchored at 3" in restored.output
    await operator.book.add(1, start=4)
    assert (await operator.book.ledger.verify(ORG)).entries == 4


@on_sqlite
async def test_what_was_there_before_is_kept_beside_it_with_its_log(operator: Operator) -> None:
    await operator.book.add(2)
    assert (await operator.backup()).exit_code == 0
    await operator.book.add(1, start=3)
    file = Path(operator.book.url.removeprefix("sqlite:///"))
    # As a process that was killed leaves it: played into the copy, it would destroy that one.
    assert file.with_name(f"{file.name}-wal").stat().st_size > 0
    assert (await operator.run("restore", str(operator.copy))).exit_code == 1
    assert not file.with_name(f"{file.name}-wal").exists()
    kept = {path.name.partition(".before-")[2][16:] for path in file.parent.iterdir() if ".before-" in path.name}
    assert {"", "-wal"} <= kept


@on_sqlite
async def test_an_older_copy_is_found_and_nothing_is_written_on_it(operator: Operator) -> None:
    await operator.book.add(3)
    assert (await operator.backup()).exit_code == 0
    await operator.book.add(2, start=4)
    restored = await operator.restore()
    assert restored.exit_code == 1
    assert "the last 2 entries were cut off" in restored.output
    assert "gavel ledger accept-loss --org T0ACME --lost 2" in restored.output
    assert (await operator.run("verify")).exit_code == 1
    with pytest.raises(LedgerUnavailable, match="entries were cut off"):
        await operator.book.record({}, key="next")


@on_sqlite
async def test_what_takes_the_loss_on_is_printed_with_the_org_that_has_it(operator: Operator) -> None:
    await operator.book.add(1)
    await operator.book.add(2, org="T0OTHER")
    assert (await operator.backup()).exit_code == 0
    await operator.book.add(1, org="T0OTHER", start=3)
    restored = await operator.restore()
    assert restored.exit_code == 1
    (command,) = re.findall(r"gavel ledger (accept-loss .*) --reason …", restored.output)
    assert command == "accept-loss --org T0OTHER --lost 1"
    assert (await operator.run(*shlex.split(command), "--reason", "the newest copy")).exit_code == 0
    assert (await operator.book.ledger.verify("T0OTHER")).ok


@on_sqlite
async def test_a_copy_that_is_not_whole_replaces_nothing(operator: Operator) -> None:
    await operator.book.add(3)
    await operator.book.sql("UPDATE ledger_entries SET body = '{}' WHERE seq = 2")
    assert (await operator.backup()).exit_code == 1
    await operator.book.sql("DELETE FROM ledger_entries")
    restored = await operator.restore()
    assert restored.exit_code == 2
    assert "is not whole: Entry 2 was changed" in restored.output
    assert await operator.book.entries() == []
    assert "There is no backup" in (await operator.run("restore", str(operator.copy.parent))).output


@on_sqlite
async def test_a_copy_without_its_anchors_replaces_nothing(operator: Operator) -> None:
    await operator.book.add(3)
    assert (await operator.backup()).exit_code == 0
    (operator.copy / "anchors").rename(operator.copy.with_name("anchors, kept apart"))
    # Without the anchors, one that was emptied looks like a ledger that has not begun.
    with closing(sqlite3.connect(operator.copy / "gavel.db")) as copy, copy:
        copy.execute("DELETE FROM ledger_entries")
    await operator.book.database.close()
    file = Path(operator.book.url.removeprefix("sqlite:///"))
    before = await asyncio.to_thread(file.read_bytes)
    for options in ([], ["--lost-anchors"]):
        restored = await operator.restore(*options)
        assert restored.exit_code == 2
        assert f"There are no anchors in {operator.copy / 'anchors'}" in restored.output
        assert "Nothing was changed." in restored.output
        assert await asyncio.to_thread(file.read_bytes) == before


@on_sqlite
async def test_lost_anchors_come_back_only_when_asked_for_and_replace_none(operator: Operator) -> None:
    await operator.book.add(3)
    await operator.book.add(1, org="T0OTHER")
    assert (await operator.backup()).exit_code == 0
    await operator.book.add(1, start=4)
    operator.book.anchor.path("T0OTHER").unlink()
    gone = await operator.restore()
    assert gone.exit_code == 1
    assert "its anchor is gone" in gone.output
    back = await operator.restore("--lost-anchors")
    assert await operator.book.anchor.read("T0OTHER") is not None
    # The one that was there is further on than the copy, and stays.
    assert "the last 1 entry was cut off" in back.output


@on_sqlite
async def test_an_anchor_that_is_there_stays_though_the_copys_is_further_on(operator: Operator) -> None:
    await operator.book.add(2)
    before = operator.book.anchor.path(ORG).read_bytes()
    await operator.book.add(1, start=3)
    assert (await operator.backup()).exit_code == 0
    operator.book.anchor.path(ORG).write_bytes(before)
    assert "3 in order, anchored at 2" in (await operator.restore("--lost-anchors")).output
    assert operator.book.anchor.path(ORG).read_bytes() == before
