"""Backups, what a restore of an older one comes to, and the one way on."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.ledger.anchor import AnchorTampered, FileAnchor
from bot.ledger.chain import Head
from bot.ledger.cli import LedgerInputs, ledger_app
from bot.ledger.keeping_cli import add_keeping
from bot.ledger.ledger import Ledger
from tests.unit.ledger.book import KEY, ORG, Book, forged
from tests.unit.ledger.conftest import POSTGRES
from tools.contracts.ledger import LedgerUnavailable


class Operator:
    """Somebody at a terminal of the machine."""

    def __init__(self, book: Book, folder: Path) -> None:
        self.book = book
        self.copy = folder / "copy"
        inputs = LedgerInputs(book.url, book.anchor_directory, KEY, ORG)
        self._app = ledger_app(lambda: inputs)
        add_keeping(self._app, lambda: inputs)

    async def run(self, *arguments: str) -> Result:
        """In a thread: a command has an event loop of its own."""
        return await asyncio.to_thread(CliRunner().invoke, self._app, list(arguments), env={"COLUMNS": "200"})

    async def backup(self) -> Result:
        return await self.run("backup", str(self.copy))

    async def restore(self, *options: str) -> Result:
        await self.book.database.close()
        return await self.run("restore", str(self.copy), *options)

    async def cut(self, last: int) -> None:
        """What an older copy looks like, on any database."""
        await self.book.sql("DELETE FROM ledger_entries WHERE seq > :last", last=last)


@pytest.fixture
def operator(book: Book, tmp_path: Path) -> Operator:
    return Operator(book, tmp_path)


on_sqlite = pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("empty_url", ["postgresql"] if POSTGRES else [], indirect=True)


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
    await operator.restore()
    kept = [path for path in file.parent.iterdir() if ".before-" in path.name]
    assert any(path.name.startswith(f"{file.name}.before-") for path in kept)
    # A log of the file before would be played into the copy.
    assert not file.with_name(f"{file.name}-wal").exists()


@on_sqlite
async def test_an_older_copy_is_found_and_nothing_is_written_on_it(operator: Operator) -> None:
    await operator.book.add(3)
    assert (await operator.backup()).exit_code == 0
    await operator.book.add(2, start=4)
    restored = await operator.restore()
    assert restored.exit_code == 1
    assert "the last 2 entries were cut off" in restored.output
    assert "gavel ledger accept-loss --lost 2" in restored.output
    assert (await operator.run("verify")).exit_code == 1
    with pytest.raises(LedgerUnavailable, match="entries were cut off"):
        await operator.book.record({}, key="next")


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


async def lose(operator: Operator, *, had: int, left: int) -> None:
    await operator.book.add(had)
    await operator.cut(left)


def accept(lost: int, *, reason: str = "restored Tuesday's copy") -> list[str]:
    return ["accept-loss", "--lost", str(lost), "--reason", reason]


@pytest.mark.parametrize(("had", "left"), [(5, 3), (4, 3), (3, 0)])
async def test_a_loss_that_is_taken_on_goes_on_record_and_the_ledger_goes_on(
    operator: Operator, had: int, left: int
) -> None:
    await lose(operator, had=had, left=left)
    before = await operator.book.anchor.read(ORG)
    assert before is not None
    done = await operator.run(*accept(had - left))
    assert done.exit_code == 0, done.output
    entry = (await operator.book.entries())[-1]
    assert (entry.seq, entry.kind, entry.task_id) == (left + 1, "entries_lost", "ledger")
    assert entry.actor.startswith("cli:")
    assert json.loads(entry.body) == {
        "lost": had - left,
        "first": left + 1,
        "last": had,
        "anchor_hash": before.hash,
        "reason": "restored Tuesday's copy",
    }
    await operator.book.add(1, start=50)
    found = await operator.book.ledger.verify(ORG)
    assert (found.ok, found.entries, found.anchored_seq) == (True, left + 2, left + 2)


async def test_another_number_than_is_lost_changes_nothing(operator: Operator) -> None:
    await lose(operator, had=5, left=3)
    for number in (1, 3):
        refused = await operator.run(*accept(number))
        assert refused.exit_code == 2
        assert f"2 are lost and not {number}" in refused.output
    assert len(await operator.book.entries()) == 3


async def test_where_nothing_is_lost_nothing_is_accepted(operator: Operator) -> None:
    await operator.book.add(3)
    refused = await operator.run(*accept(1))
    assert (refused.exit_code, "No entry" in refused.output) == (2, True)
    assert len(await operator.book.entries()) == 3


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE ledger_entries SET body = '{}' WHERE seq = 2",
        "DELETE FROM ledger_entries WHERE seq = 2",
        "DELETE FROM artifacts",
        "UPDATE artifacts SET task_id = 'other'",
    ],
)
async def test_more_than_a_lost_end_is_accepted_by_nobody(operator: Operator, edit: str) -> None:
    await operator.book.add(2)
    await operator.book.record({"big": "x" * 50_000}, key="big")
    await operator.book.add(2, start=4)
    await operator.cut(3)
    await operator.book.sql(edit)
    refused = await operator.run(*accept(2))
    assert refused.exit_code == 2
    assert "more than a lost end" in refused.output
    anchored = await operator.book.anchor.read(ORG)
    assert anchored is not None
    assert anchored.seq == 5


async def test_without_an_anchor_nobody_knows_what_is_lost(operator: Operator) -> None:
    await lose(operator, had=3, left=2)
    operator.book.anchor.path(ORG).unlink()
    refused = await operator.run(*accept(1))
    assert (refused.exit_code, "has no anchor" in refused.output) == (2, True)


async def test_a_reason_is_needed(operator: Operator) -> None:
    await lose(operator, had=3, left=2)
    for reason in (" ", "x" * 501):
        assert (await operator.run(*accept(1, reason=reason))).exit_code == 2
    assert len(await operator.book.entries()) == 2


@pytest.mark.parametrize(("had", "left"), [(5, 3), (4, 3)])
async def test_what_was_interrupted_before_the_anchor_was_set_is_finished(
    operator: Operator, had: int, left: int
) -> None:
    await lose(operator, had=had, left=left)
    before = operator.book.anchor.path(ORG).read_bytes()
    assert (await operator.run(*accept(had - left))).exit_code == 0
    operator.book.anchor.path(ORG).write_bytes(before)
    assert not (await operator.book.ledger.verify(ORG)).ok
    assert (await operator.run(*accept(had - left))).exit_code == 0
    found = await operator.book.ledger.verify(ORG)
    assert (found.ok, found.entries) == (True, left + 1)


async def test_who_holds_no_key_can_take_on_nothing(operator: Operator) -> None:
    """Rows and anchors alone: an entry that says so and an anchor that stands there need the key."""
    await lose(operator, had=5, left=3)
    entries = await operator.book.entries()
    other = b"another key of thirty-two bytes ."
    false = forged(entries[-1], after=Head(3, entries[-1].hash), key=other, changed_key="lost")
    await operator.book.put_entry(false)
    with pytest.raises(AnchorTampered):
        FileAnchor(operator.book.anchor_directory, key=other).set_back_now(
            ORG, Head(4, false.hash), instead_of=Head(5, "")
        )
    assert not (await Ledger(operator.book.database, operator.book.anchor, key=KEY).verify(ORG)).ok


async def test_an_anchor_that_moved_meanwhile_is_not_set_back(operator: Operator) -> None:
    await operator.book.add(3)
    with pytest.raises(AnchorTampered, match="moved meanwhile"):
        operator.book.anchor.set_back_now(ORG, Head(1, "0" * 64), instead_of=Head(2, "0" * 64))
    anchored = await operator.book.anchor.read(ORG)
    assert anchored is not None
    assert anchored.seq == 3
