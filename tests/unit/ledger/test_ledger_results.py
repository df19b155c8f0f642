"""What tools returned, read back for the receipts: whole, of this task, and as it was written."""

from __future__ import annotations

import pytest

from tests.unit.ledger.book import Book
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerUnavailable

LARGE: JsonObject = {"assets": [{"id": f"web-{number:04d}", "note": "x" * 40} for number in range(600)]}


async def _called(book: Book, call: str, result: JsonObject | None, *, task: str = "task-1", org: str = "T1") -> None:
    body: JsonObject = {
        "stage": "outcome",
        "call_id": call,
        "outcome": "ok" if result else "tool_error",
        "result": result,
    }
    await book.ledger.record("tool_called", body, org=org, task_id=task, actor="agent:drift", key=f"tool:{call}")


async def test_results_come_back_by_call_large_ones_too(book: Book) -> None:
    await _called(book, "t1", {"total": 2})
    await _called(book, "t2", LARGE)
    await _called(book, "t3", None)
    found = await book.ledger.tool_results("T1", "task-1", ["t1", "t2", "t3", "t4"])
    assert found == {"t1": {"total": 2}, "t2": LARGE}


async def test_calls_of_another_task_or_org_are_not_there(book: Book) -> None:
    await _called(book, "t1", {"total": 2}, task="task-2")
    await _called(book, "t1", {"total": 3}, org="T2")
    assert await book.ledger.tool_results("T1", "task-1", ["t1"]) == {}


async def test_only_the_calls_that_were_named_are_read(book: Book) -> None:
    await _called(book, "t1", {"total": 2})
    assert await book.ledger.tool_results("T1", "task-1", ["t9"]) == {}


async def test_a_result_that_was_edited_is_not_used(book: Book) -> None:
    await _called(book, "t1", {"total": 2})
    [(body,)] = await book.sql("SELECT body FROM ledger_entries WHERE seq = 1")
    await book.sql("UPDATE ledger_entries SET body = :body WHERE seq = 1", body=str(body).replace(":2", ":9"))
    with pytest.raises(LedgerUnavailable, match="was changed after it was written"):
        await book.ledger.tool_results("T1", "task-1", ["t1"])


async def test_whole_entries_are_those_of_the_kinds_with_what_was_moved_out_of_them(book: Book) -> None:
    await _called(book, "t1", LARGE)
    await book.ledger.record("task_ended", {"outcome": "done"}, org="T1", task_id="task-1", actor="gavel", key="ended")
    [(entry, body)] = await book.ledger.whole("T1", "task-1", ["tool_called"])
    assert (entry.seq, body["result"]) == (1, LARGE)
    assert [entry.kind for entry, _ in await book.ledger.whole("T1", "task-1")] == ["tool_called", "task_ended"]


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE ledger_entries SET body = '{}' WHERE seq = 2",
        "UPDATE ledger_entries SET actor = 'U0EVIL' WHERE seq = 2",
        "UPDATE ledger_entries SET kind = 'tool_called' WHERE seq = 3",
        "UPDATE ledger_entries SET task_id = 'task-1' WHERE seq = 4",
    ],
)
async def test_an_entry_that_was_edited_is_read_nowhere(book: Book, edit: str) -> None:
    for call in ("t1", "t2"):
        await _called(book, call, {"total": 2})
    await book.ledger.record("task_ended", {}, org="T1", task_id="task-1", actor="gavel", key="ended")
    await _called(book, "t3", {"total": 2}, task="task-2")
    await book.sql(edit)
    with pytest.raises(LedgerUnavailable, match="was changed after it was written"):
        await book.ledger.whole("T1", "task-1", ["tool_called"])
    with pytest.raises(LedgerUnavailable, match="was changed after it was written"):
        await book.ledger.whole("T1", "task-1")
    with pytest.raises(LedgerUnavailable, match="was changed after it was written"):
        await book.ledger.lately("T1", ["tool_called"], limit=10)
