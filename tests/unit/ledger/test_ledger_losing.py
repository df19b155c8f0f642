"""The one way on after entries were lost: by their number, on record, and for nothing but a lost end."""

from __future__ import annotations

import asyncio
import json

import pytest

from bot.ledger.anchor import AnchorTampered, FileAnchor
from bot.ledger.chain import Head
from bot.ledger.ledger import Ledger
from bot.ledger.losing import accept_loss
from bot.ledger.verify import Verification
from tests.unit.ledger.book import KEY, ORG, forged
from tests.unit.ledger.operators import Operator, accept
from tools.contracts.ledger import LedgerUnavailable


async def lose(operator: Operator, *, had: int, left: int) -> None:
    await operator.book.add(had)
    await operator.cut(left)


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


async def test_two_who_take_the_same_loss_on_at_once_write_it_down_once(operator: Operator) -> None:
    await lose(operator, had=5, left=3)
    book = operator.book
    taken = [
        accept_loss(book.database, book.anchor, ORG, key=KEY, lost=2, reason="both", by=f"cli:{who}", at="2026")
        for who in ("ada", "grace")
    ]
    ends = await asyncio.gather(*taken, return_exceptions=True)
    assert any(isinstance(end, Verification) and end.ok for end in ends)
    assert {type(end) for end in ends} <= {Verification, LedgerUnavailable}
    assert [entry.kind for entry in await book.entries()].count("entries_lost") == 1
    assert (await book.ledger.verify(ORG)).ok
