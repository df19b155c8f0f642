"""What a task's models answered, read back by an attempt begun again: whole, fresh, and as it was written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.ledger.ledger import Ledger
from bot.ledger.memory import TaskMemory
from tests.unit.ledger.book import KEY, Book
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerUnavailable

LARGE: JsonObject = {"member": "Amber", "answer": {"claims": [{"text": "x" * 200} for _ in range(200)]}}


def memory(book: Book, *, org: str = "T1", task: str = "task-1") -> TaskMemory:
    return TaskMemory(book.ledger, org, task)


async def test_an_answer_comes_back_whole_and_only_to_its_own_task_and_org(book: Book) -> None:
    await memory(book).keep("member_answered", "answer:1", LARGE, actor="model:Amber")
    assert await memory(book).recall(["answer:1"]) == LARGE
    assert await memory(book).recall(["answer:2"]) is None
    assert await memory(book, task="task-2").recall(["answer:1"]) is None
    assert await memory(book, org="T2").recall(["answer:1"]) is None


async def test_the_newest_of_several_comes_back_and_a_second_value_changes_nothing(book: Book) -> None:
    for number in (1, 2):
        await memory(book).keep("evidence_gathered", f"evidence:{number}", {"n": number}, actor="agent:drift")
    await memory(book).keep("evidence_gathered", "evidence:2", {"n": 9}, actor="agent:drift")
    assert await memory(book).recall(["evidence:2", "evidence:1"]) == {"n": 2}


async def test_what_is_older_than_asked_for_is_not_used(book: Book) -> None:
    kept_at = datetime(2026, 11, 26, 12, tzinfo=UTC)
    clock = [kept_at]
    ledger = Ledger(book.database, book.anchor, key=KEY, now=lambda: clock[0])
    notes = TaskMemory(ledger, "T1", "task-1")
    await notes.keep("evidence_gathered", "evidence:1", {"n": 1}, actor="agent:drift")
    clock[0] = kept_at + timedelta(seconds=599)
    assert await notes.recall(["evidence:1"], within_seconds=600) == {"n": 1}
    clock[0] = kept_at + timedelta(seconds=601)
    assert await notes.recall(["evidence:1"], within_seconds=600) is None
    assert await notes.recall(["evidence:1"]) == {"n": 1}
    await ledger.close()


async def test_an_edited_answer_is_not_used(book: Book) -> None:
    await memory(book).keep("member_answered", "answer:1", {"answer": {"claims": []}}, actor="model:Amber")
    await book.sql("UPDATE ledger_entries SET body = :body WHERE key = 'answer:1'", body='{"answer": {"claims": [1]}}')
    with pytest.raises(LedgerUnavailable, match="changed after it was written"):
        await memory(book).recall(["answer:1"])


async def test_keys_are_taken_out_of_an_answer_before_it_is_kept(book: Book) -> None:
    key = "sk-ant-api03-" + "a1B2" * 20
    await memory(book).keep("member_answered", "answer:1", {"answer": {"diagnosis": f"use {key}"}}, actor="model:Amber")
    assert key not in str(await memory(book).recall(["answer:1"]))
