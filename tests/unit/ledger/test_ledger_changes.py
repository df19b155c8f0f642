"""When something was last changed, as the cooldown asks: by other tasks, in the environment, begun or finished."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.unit.ledger.book import ORG, Book
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerKind, LedgerUnavailable


async def note(book: Book, kind: LedgerKind, body: JsonObject, *, task: str = "other", key: str = "k") -> None:
    await book.ledger.record(kind, body, org=ORG, task_id=task, actor="gavel", key=key)


async def last(book: Book, *, org: str = ORG) -> datetime | None:
    return await book.ledger.last_change(org, "staging", besides="mine")


STARTED: JsonObject = {"environment": "staging", "assets": ["a"], "actions": ["execute_rollout_nonprod"]}


async def test_nothing_on_record_is_never(book: Book) -> None:
    assert await last(book) is None


async def test_a_change_that_was_begun_counts(book: Book) -> None:
    await note(book, "phase_started", STARTED)
    found = await last(book)
    assert found is not None
    assert found.isoformat() == datetime.fromisoformat((await book.entries())[0].at).isoformat()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("phase_started", {**STARTED, "actions": []}),
        ("phase_finished", {"environment": "staging", "touched": []}),
        ("rollback_finished", {"environment": "staging", "touched": []}),
        ("phase_finished", {"environment": "production", "touched": ["a"]}),
        ("plan_proposed", {"environment": "staging", "touched": ["a"]}),
    ],
)
async def test_what_changed_nothing_there_does_not(kind: LedgerKind, body: JsonObject, book: Book) -> None:
    await note(book, kind, body)
    assert await last(book) is None


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("phase_finished", {"environment": "staging", "touched": ["a"]}),
        ("rollback_finished", {"environment": "staging", "touched": ["a"]}),
        ("phase_finished", {"touched": ["a"]}),
        ("phase_finished", {"environment": "staging", "touched": {"$artifact": "sha256:0"}}),
    ],
    ids=["finished", "rolled back", "who knows where", "too many to say"],
)
async def test_what_changed_something_or_may_have_counts(kind: LedgerKind, body: JsonObject, book: Book) -> None:
    await note(book, kind, body)
    assert await last(book) is not None


async def test_of_this_task_and_of_other_orgs_nothing_counts(book: Book) -> None:
    await note(book, "phase_started", STARTED, task="mine")
    assert await last(book) is None
    await note(book, "phase_started", STARTED)
    assert await last(book, org="T0OTHER") is None


async def test_the_newest_counts_however_much_came_between(book: Book) -> None:
    await note(book, "phase_started", STARTED)
    for number in range(3):
        await note(book, "phase_finished", {"environment": "production", "touched": ["a"]}, key=f"p{number}")
    found = await last(book)
    assert found == datetime.fromisoformat((await book.entries())[0].at)


async def test_an_entry_that_somebody_edited_is_not_used(book: Book) -> None:
    await note(book, "phase_started", STARTED)
    await book.sql("UPDATE ledger_entries SET body = '{}'")
    with pytest.raises(LedgerUnavailable, match="changed after it was written"):
        await last(book)
