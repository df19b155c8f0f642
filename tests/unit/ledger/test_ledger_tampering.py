"""What somebody can do to the rows, the anchor or both, and what `verify` says."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace

import pytest

from bot.ledger.anchor import FileAnchor
from bot.ledger.chain import Head, genesis
from bot.ledger.ledger import Ledger
from bot.ledger.verify import Verification
from tests.unit.ledger.book import KEY, ORG, Book, forged
from tools.contracts.common import digest_of
from tools.contracts.ledger import LedgerUnavailable

OTHER_KEY = b"another key of thirty-two bytes ."


async def verify(book: Book) -> Verification:
    return await book.ledger.verify(ORG)


async def test_an_untouched_chain_verifies(book: Book) -> None:
    await book.add(12)
    found = await verify(book)
    assert found == Verification(ORG, True, 12, 0, None, None, 12)
    assert found.lag == 0


async def test_the_ledger_knows_its_own_entries_by_their_keys_and_nobody_elses(book: Book) -> None:
    await book.add(3)
    await book.add(1, task_id="task-2", start=7)
    keys = ["step-2", "step-3", "step-7", "step-9"]
    assert await book.ledger.known(ORG, "task-1", keys) == {"step-2", "step-3"}
    assert await book.ledger.known("T0OTHER", "task-1", keys) == set()
    assert await book.ledger.known(ORG, "task-1", []) == set()


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE ledger_entries SET key = 'step-9' WHERE seq = 2",
        "UPDATE ledger_entries SET body = '{}' WHERE seq = 2",
        "UPDATE ledger_entries SET hash = 'f' WHERE seq = 2",
    ],
)
async def test_an_entry_that_was_edited_is_not_known_but_refused(book: Book, edit: str) -> None:
    await book.add(3)
    await book.sql(edit)
    with pytest.raises(LedgerUnavailable, match="changed after it was written"):
        await book.ledger.known(ORG, "task-1", ["step-2", "step-9"])


async def test_an_org_without_entries_verifies_and_has_no_anchor(book: Book) -> None:
    assert await verify(book) == Verification(ORG, True, 0, 0, None, None, None)


async def test_a_chain_longer_than_a_page_verifies(book: Book) -> None:
    await book.ledger.close()
    ledger = Ledger(book.database, book.anchor, key=KEY, max_batch=1200)
    rows = (
        ledger.record("tool_called", {"n": n}, org=ORG, task_id="t", actor="gavel", key=f"{n}") for n in range(1200)
    )
    await asyncio.gather(*rows)
    await ledger.close()
    assert (await verify(book)).entries == 1200


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("body", '{"step":99}'),
        ("actor", "U0EVIL"),
        ("kind", "decision_accepted"),
        ("at", "2020-01-01T00:00:00.000000Z"),
        ("task_id", "task-9"),
        ("key", "another"),
        ("prev_hash", "0" * 64),
        ("hash", "0" * 64),
    ],
)
async def test_an_edited_row_is_found(book: Book, column: str, value: str) -> None:
    await book.add(5)
    third = (await book.entries())[2]
    await book.put_entry(replace(third, **{column: value}))
    found = await verify(book)
    assert (found.ok, found.entries, found.first_bad_seq) == (False, 2, 3)
    assert found.problem is not None
    assert found.problem.startswith("Entry 3 was changed")


async def test_a_row_turned_into_bytes_is_found(book: Book) -> None:
    await book.add(3)
    body = b"\x00\xff" if book.database.engine.dialect.name == "sqlite" else "?"
    await book.sql("UPDATE ledger_entries SET body = :body WHERE seq = 2", body=body)
    assert (await verify(book)).first_bad_seq == 2


async def test_a_name_no_org_can_have_is_refused(book: Book) -> None:
    with pytest.raises(LedgerUnavailable, match="valid text"):
        await book.ledger.verify("\udcff")


async def test_a_deleted_middle_row_is_found(book: Book) -> None:
    await book.add(5)
    await book.sql("DELETE FROM ledger_entries WHERE seq = 3")
    found = await verify(book)
    assert (found.ok, found.first_bad_seq) == (False, 3)
    assert found.problem == "Entry 3 is missing: after 2 comes 4."


async def test_a_deleted_first_row_is_found(book: Book) -> None:
    await book.add(3)
    await book.sql("DELETE FROM ledger_entries WHERE seq = 1")
    assert (await verify(book)).problem == "Entry 1 is missing: after 0 comes 2."


@pytest.mark.parametrize("cut", [1, 2, 5])
async def test_a_cut_tail_is_found(book: Book, cut: int) -> None:
    await book.add(5)
    await book.sql("DELETE FROM ledger_entries WHERE seq > :last", last=5 - cut)
    found = await verify(book)
    assert (found.ok, found.entries, found.first_bad_seq, found.anchored_seq) == (False, 5 - cut, 6 - cut, 5)
    assert "cut off" in str(found.problem)


async def test_nothing_is_appended_to_a_chain_with_a_cut_tail(book: Book) -> None:
    await book.add(5)
    await book.sql("DELETE FROM ledger_entries WHERE seq > 3")
    with pytest.raises(LedgerUnavailable, match=r"entries were cut off.*gavel ledger verify"):
        await book.record({}, key="next")
    assert len(await book.entries()) == 3


async def test_a_chain_rehashed_without_the_key_is_found(book: Book) -> None:
    await book.add(5)
    head = genesis(ORG, key=OTHER_KEY)
    for entry in await book.entries():
        body = '{"step":99}' if entry.seq == 3 else entry.body
        false = forged(entry, after=head, key=OTHER_KEY, body=body)
        head = Head(false.seq, false.hash)
        await book.put_entry(false)
    found = await verify(book)
    assert (found.ok, found.first_bad_seq) == (False, 1)


async def test_a_chain_rehashed_with_plain_sha256_is_found(book: Book) -> None:
    await book.add(3)
    entries = await book.entries()
    last = replace(entries[2], body='{"step":99}', hash=hashlib.sha256(b'{"step":99}').hexdigest())
    await book.put_entry(last)
    assert (await verify(book)).first_bad_seq == 3


async def test_a_row_moved_to_another_place_is_found(book: Book) -> None:
    await book.add(4)
    entries = await book.entries()
    await book.sql("UPDATE ledger_entries SET key = 'spare' WHERE seq = 2")
    await book.put_entry(replace(entries[2], seq=2, key="step-2b"))
    assert (await verify(book)).first_bad_seq == 2


async def test_a_row_of_another_org_does_not_fit(book: Book) -> None:
    await book.add(2)
    await book.add(3, org="T0OTHER")
    foreign = (await book.entries("T0OTHER"))[2]
    await book.put_entry(replace(foreign, org=ORG))
    found = await verify(book)
    assert (found.ok, found.first_bad_seq) == (False, 3)
    assert (await book.ledger.verify("T0OTHER")).ok


async def test_a_row_before_the_first_is_found(book: Book) -> None:
    await book.add(2)
    await book.put_entry(replace((await book.entries())[0], seq=-1, key="stray"))
    assert not (await verify(book)).ok


async def test_whoever_holds_the_key_but_not_the_anchor_cannot_rewrite(book: Book) -> None:
    await book.add(3)
    entries = await book.entries()
    await book.put_entry(forged(entries[2], after=Head(2, entries[1].hash), key=KEY, body="{}"))
    found = await verify(book)
    assert found.problem == "Entry 3 is not the one the anchor was set to: the chain was rewritten."
    with pytest.raises(LedgerUnavailable, match="not the one its anchor was set to"):
        await book.record({}, key="next")


async def test_a_rewrite_below_the_anchor_is_refused_by_the_writer_too(book: Book) -> None:
    await book.add(2)
    entries = await book.entries()
    stale = await book.anchor.read(ORG)
    assert stale is not None
    second = forged(entries[1], after=Head(1, entries[0].hash), key=KEY, body="{}")
    await book.put_entry(second)
    third = forged(entries[1], after=Head(2, second.hash), key=KEY, changed_key="third")
    await book.put_entry(third)
    with pytest.raises(LedgerUnavailable, match="Entry 2 of the ledger"):
        await book.record({}, key="next")


async def test_a_lost_anchor_is_found_and_not_made_anew(book: Book) -> None:
    await book.add(3)
    book.anchor.path(ORG).unlink()
    found = await verify(book)
    assert (found.ok, found.anchored_seq) == (False, None)
    assert "its anchor is gone" in str(found.problem)
    with pytest.raises(LedgerUnavailable, match="its anchor is gone"):
        await book.record({}, key="next")
    assert await book.anchor.read(ORG) is None


async def test_an_edited_anchor_is_found(book: Book) -> None:
    await book.add(3)
    path = book.anchor.path(ORG)
    content = json.loads(path.read_text())
    entries = await book.entries()
    path.write_text(json.dumps({**content, "seq": 2, "hash": entries[1].hash}))
    await book.sql("DELETE FROM ledger_entries WHERE seq = 3")
    found = await verify(book)
    assert not found.ok
    assert "was edited" in str(found.problem)


async def test_an_anchor_behind_by_a_crash_is_reported_and_is_no_fault(book: Book) -> None:
    await book.add(3)
    before = book.anchor.path(ORG).read_bytes()
    await book.add(2, start=4)
    book.anchor.path(ORG).write_bytes(before)
    found = await verify(book)
    assert (found.ok, found.entries, found.anchored_seq, found.lag) == (True, 5, 3, 2)
    await book.record({"step": 5}, key="step-5")
    assert (await verify(book)).lag == 0, "a repeat of what was committed must anchor it"


async def test_a_lagging_anchor_does_not_hide_an_edited_row_after_it(book: Book) -> None:
    await book.add(3)
    before = book.anchor.path(ORG).read_bytes()
    await book.add(2, start=4)
    book.anchor.path(ORG).write_bytes(before)
    await book.sql("UPDATE ledger_entries SET actor = 'U0EVIL' WHERE seq = 5")
    assert (await verify(book)).first_bad_seq == 5


async def test_an_anchor_that_cannot_be_advanced_means_not_recorded_until_it_can(book: Book) -> None:
    await book.add(1)
    kept = book.anchor_directory.with_name("kept")
    book.anchor_directory.rename(kept)
    book.anchor_directory.write_text("a file where the directory was")
    with pytest.raises(LedgerUnavailable, match="anchor"):
        await book.record({}, key="next")
    book.anchor_directory.unlink()
    kept.rename(book.anchor_directory)
    await book.record({}, key="next")
    assert await verify(book) == Verification(ORG, True, 2, 0, None, None, 2)


async def test_another_key_verifies_nothing(book: Book) -> None:
    await book.add(2)
    anchor = FileAnchor(book.anchor_directory, key=OTHER_KEY)
    found = await Ledger(book.database, anchor, key=OTHER_KEY).verify(ORG)
    assert not found.ok
    assert "another key" in str(found.problem)


async def test_a_deleted_artifact_that_an_entry_cites_is_found(book: Book) -> None:
    await book.add(1)
    await book.record({"big": "x" * 50_000}, key="big")
    assert (await verify(book)).artifacts == 1
    await book.sql("DELETE FROM artifacts")
    found = await verify(book)
    assert (found.ok, found.first_bad_seq) == (False, 2)
    assert "which is gone" in str(found.problem)


async def test_an_edited_artifact_is_found(book: Book) -> None:
    await book.ledger.put_artifact(ORG, "t", digest=digest_of({"a": 1}), body={"a": 1})
    await book.sql("UPDATE artifacts SET task_id = 'other'")
    found = await verify(book)
    assert (found.ok, found.first_bad_seq) == (False, None)
    assert digest_of({"a": 1}) in str(found.problem)
