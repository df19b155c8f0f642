"""What people and tasks wait for is found by an index, on both databases: a million entries later it takes as long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from sqlalchemy import Connection, insert

from bot.home.record import council_record
from bot.ledger import reader
from bot.ledger.tables import AiRequestLog, CouncilVote, LedgerEntry, TaskRow
from bot.tasks.board import TaskBoard
from bot.usage.query import usage_by
from tests.unit.ledger.book import ORG, Book
from tests.unit.ledger.plans import plans_of

Read = Callable[[Book], Awaitable[object]]

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def _board(book: Book) -> TaskBoard:
    return TaskBoard(book.database, "")


READS: dict[str, tuple[Read, str]] = {
    "a task's entries": (lambda book: book.ledger.show(ORG, task_id="t1"), "ix_ledger_entries_org_task_seq"),
    "those of one kind in a task": (
        lambda book: book.ledger.show(ORG, task_id="t1", kind="tool_called"),
        "ix_ledger_entries_org_task_seq",
    ),
    "those of one kind": (lambda book: book.ledger.show(ORG, kind="tool_called"), "ix_ledger_entries_org_kind_seq"),
    "the newest of one kind": (
        lambda book: book.ledger.lately(ORG, ["alert_triaged"], limit=50),
        "ix_ledger_entries_org_kind_seq",
    ),
    "when something was last changed": (
        lambda book: book.ledger.last_change(ORG, "staging", besides="t1"),
        "ix_ledger_entries_org_kind_seq",
    ),
    "declared freezes": (
        lambda book: book.ledger.declared_freezes(ORG, now=LONG_AGO),
        "ix_ledger_entries_freezes",
    ),
    "entries by their keys": (
        lambda book: reader.entries_by_key(book.database, ORG, "t1", ["a", "b"]),
        "ledger_entries_org_task",
    ),
    "what a task cost": (lambda book: book.ledger.cost(ORG, "t1"), "ai_request_logs"),
    "running tasks of a channel": (
        lambda book: _board(book).recent(ORG, channel="C1", running=True, limit=15),
        "ix_tasks_open",
    ),
    "a person's running tasks": (
        lambda book: _board(book).recent(ORG, user="U1", running=True, limit=15),
        "ix_tasks_open",
    ),
    "ended tasks of a channel": (
        lambda book: _board(book).recent(ORG, channel="C1", running=False, limit=10),
        "ix_tasks_org_channel_received_at",
    ),
    "a person's ended tasks": (
        lambda book: _board(book).recent(ORG, user="U1", running=False, limit=10),
        "ix_tasks_org_user_received_at",
    ),
    "running tasks": (lambda book: _board(book).recent(ORG, running=True, limit=30), "ix_tasks_open"),
    "ended tasks": (lambda book: _board(book).recent(ORG, running=False, limit=30), "ix_tasks_org_received_at"),
    "what waits for a person": (
        lambda book: _board(book).waiting(ORG, "U1", ["approver"], limit=20),
        "ix_tasks_waiting",
    ),
    "the newest change of a task": (lambda book: _board(book).newest_change(ORG), "ix_tasks_org_seq"),
    "how members did": (lambda book: council_record(book.database, ORG), "ix_council_votes_org_member_right"),
    "what a person used": (
        lambda book: usage_by(book.database, ORG, "mode", since=LONG_AGO, user="U1"),
        "ix_ai_request_logs_org_user_created_at",
    ),
}


SORTED = frozenset(
    {
        *("entries by their keys", "when something was last changed"),
        *("what a task cost", "what a person used", "how members did", "the newest change of a task"),
    }
)
"""Of a few rows, or sums. All others come in the order of their index."""

LAST = frozenset({"how members did"})
"""Asked after something else."""

TASKS, STEPS = 400, 10
MOMENT = "2026-01-01T00:00:00.000000Z"


async def _filled(book: Book) -> None:
    """Rows enough for PostgreSQL not to read the tables whole, of a few kinds, people and channels."""
    kinds = ("tool_called", "llm_called", "phase_started", "alert_triaged", "change_frozen")
    entries = [
        {"org": ORG, "seq": 1 + task * STEPS + step, "task_id": f"t{task}", "kind": kinds[step % len(kinds)],
         "actor": "gavel", "at": MOMENT, "key": f"k{step}", "body": "{}", "prev_hash": "", "hash": ""}
        for task in range(TASKS) for step in range(STEPS)
    ]  # fmt: skip
    votes = [
        {"org": ORG, "task_id": f"t{task}", "item": "plan:r1", "member": f"m{member}", "agreed": True, "right": True}
        for task in range(TASKS) for member in range(5)
    ]  # fmt: skip
    blank = dict.fromkeys(("source", "thread_ts", "goal", "agent", "environment", "roles", "voters", "outcome"), "")
    numbers = {"revision": 0, "quorum": 0, "cost_usd": None}
    tasks = [
        {**blank, **numbers, "org": ORG, "task_id": f"t{task}", "user_id": f"U{task % 20}", "channel": f"C{task % 20}",
         "status": "ended" if task % 10 else "awaiting_approval", "expires_at": "", "changed_at": MOMENT,
         "received_at": f"{MOMENT[:20]}{task:06}Z", "seq": task}
        for task in range(TASKS)
    ]  # fmt: skip
    calls = [
        {"id": f"{task}.{call}", "org": ORG, "user_id": f"U{task % 20}", "task_id": f"t{task}", "purpose": "answer",
         "mode": "single", "member": "m", "provider": "p", "model": "m", "key": f"{call}", "prompt_id": "p",
         "prompt_version": "1", "duration_ms": 1, "success": True, "created_at": LONG_AGO}
        for task in range(TASKS) for call in range(3)
    ]  # fmt: skip

    def fill(connection: Connection) -> None:
        for table, rows in ((LedgerEntry, entries), (TaskRow, tasks), (AiRequestLog, calls), (CouncilVote, votes)):
            connection.execute(insert(table), rows)

    await book.database.transact("filling", fill)
    if book.database.engine.dialect.name == "postgresql":
        await book.sql("ANALYZE ledger_entries, tasks, ai_request_logs, council_votes")


async def test_what_is_waited_for_is_found_by_its_index_and_in_its_order(book: Book) -> None:
    await _filled(book)
    wrong: list[str] = []
    for read, (work, index) in READS.items():
        plan = (await plans_of(book.database, lambda work=work: work(book)))[-1 if read in LAST else 0]
        if index not in plan:
            wrong.append(f"{read}: not by {index}: {plan}")
        if read not in SORTED and ("TEMP B-TREE" in plan or "Sort  (" in plan):
            wrong.append(f"{read}: sorted: {plan}")
    assert not wrong, "\n".join(wrong)


async def test_the_calls_of_a_task_are_counted_among_its_own_entries(book: Book) -> None:
    await _filled(book)
    [plan] = await plans_of(book.database, lambda: book.ledger.cost(ORG, "t1"))
    assert "ix_ledger_entries_org_kind_seq" not in plan, plan
    assert "ledger_entries_org_task" in plan, plan
