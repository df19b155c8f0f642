"""ADR-006, request logging: one row and one entry per provider call, failures included."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from agents.orchestrator.chat import CallLog, CallRecord, ChatMessage, ChatRequest
from bot.ledger.requests import RequestLog, call_id
from bot.ledger.tables import AiRequestLog
from tests.unit.ledger.book import ORG, Book
from tools.contracts.ledger import LedgerUnavailable

NOW = datetime(2026, 1, 24, 12, 0, tzinfo=UTC)
REQUEST = ChatRequest(
    messages=(ChatMessage("user", "the prompt itself"),),
    purpose="vote",
    org=ORG,
    task_id="task-1",
    user="U1",
    mode="council",
    prompt_id="drift.vote",
    prompt_version="3",
    key="vote:Claude:1",
    agent="drift",
)
RECORD = CallRecord(
    request=REQUEST,
    member="Claude",
    provider="anthropic",
    model="anthropic/claude-sonnet-4-5",
    prompt_tokens=120,
    completion_tokens=30,
    cost_usd=0.0012,
    duration_ms=842,
    success=True,
    cached_tokens=40,
)


@pytest.fixture
def log(book: Book) -> CallLog:
    return RequestLog(book.ledger, now=lambda: NOW)


async def only_row(book: Book) -> AiRequestLog:
    async with book.database.reading() as connection:
        row = (await connection.execute(select(AiRequestLog))).mappings().one()
    return AiRequestLog(**row)


async def test_a_call_is_a_row_with_every_column_and_an_entry(book: Book, log: CallLog) -> None:
    await log.log(RECORD)
    row = await only_row(book)
    assert (row.org, row.user_id, row.task_id, row.key) == (ORG, "U1", "task-1", "vote:Claude:1")
    assert (row.provider, row.model, row.mode) == ("anthropic", "anthropic/claude-sonnet-4-5", "council")
    assert (row.purpose, row.member) == ("vote", "Claude")
    assert (row.prompt_id, row.prompt_version) == ("drift.vote", "3")
    assert (row.prompt_tokens, row.completion_tokens, row.total_tokens) == (120, 30, 150)
    assert (row.duration_ms, row.estimated_cost, row.success) == (842, 0.0012, True)
    assert (row.error_class, row.error_message, row.parent_id, row.cached_tokens) == (None, None, None, 40)
    assert row.agent == "drift"
    assert row.created_at == NOW
    (entry,) = await book.entries()
    assert (entry.kind, entry.actor, entry.task_id) == ("llm_called", "model:Claude", "task-1")
    body = await book.body("llm:vote:Claude:1")
    assert (body["duration_ms"], body["total_tokens"], body["estimated_cost"]) == (842, 150, 0.0012)


async def test_a_call_names_the_row_of_the_call_it_follows(book: Book, log: CallLog) -> None:
    first = replace(REQUEST, key="report:Claude", purpose="report")
    for request in (first, replace(REQUEST, parent="report:Claude"), replace(first, task_id="task-2")):
        await log.log(replace(RECORD, request=request))
    rows = await book.sql("SELECT task_id, key, id, parent_id FROM ai_request_logs ORDER BY task_id, key")
    assert [(row.key, row.parent_id) for row in rows] == [
        ("report:Claude", None),
        ("vote:Claude:1", rows[0].id),
        ("report:Claude", None),
    ]
    assert rows[0].id == call_id(ORG, "task-1", "report:Claude")
    assert len({row.id for row in rows}) == 3
    assert (await book.body("llm:vote:Claude:1"))["parent"] == "report:Claude"


async def test_a_failure_is_logged_redacted_with_unknown_cost_as_null(book: Book, log: CallLog) -> None:
    key = "sk-ant-api03-" + "aB3" * 20
    failed = replace(
        RECORD,
        prompt_tokens=120,
        completion_tokens=None,
        cost_usd=None,
        success=False,
        error_class="auth",
        error_message=f"401: invalid key {key}\x00 " + "x" * 5000,
    )
    await log.log(failed)
    row = await only_row(book)
    assert (row.success, row.error_class, row.estimated_cost, row.total_tokens) == (False, "auth", None, None)
    assert row.error_message is not None
    assert "[redacted:anthropic_key]" in row.error_message
    assert len(row.error_message) <= 500
    assert key not in str(await book.sql("SELECT * FROM ai_request_logs"))
    assert key not in str(await book.sql("SELECT * FROM ledger_entries"))
    assert (await book.body("llm:vote:Claude:1"))["success"] is False


@pytest.mark.parametrize("cost", [float("nan"), float("inf"), -1.0])
async def test_a_cost_that_is_no_amount_is_unknown(book: Book, log: CallLog, cost: float) -> None:
    await log.log(replace(RECORD, cost_usd=cost))
    assert (await only_row(book)).estimated_cost is None


async def test_zero_cost_stays_zero(book: Book, log: CallLog) -> None:
    await log.log(replace(RECORD, cost_usd=0.0))
    assert (await only_row(book)).estimated_cost == 0.0


async def test_the_same_call_twice_is_one_row_and_one_entry(book: Book, log: CallLog) -> None:
    await log.log(RECORD)
    await log.log(RECORD)
    assert (await only_row(book)).key == "vote:Claude:1"
    assert len(await book.entries()) == 1


async def test_the_same_key_in_another_task_or_org_is_another_call(book: Book, log: CallLog) -> None:
    for request in (REQUEST, replace(REQUEST, task_id="task-2"), replace(REQUEST, org="T0OTHER")):
        await log.log(replace(RECORD, request=request))
    assert len(await book.sql("SELECT id FROM ai_request_logs")) == 3


async def test_neither_prompt_nor_answer_is_kept(book: Book, log: CallLog) -> None:
    await log.log(RECORD)
    assert "the prompt itself" not in str(await book.sql("SELECT * FROM ai_request_logs"))
    assert "the prompt itself" not in str(await book.sql("SELECT * FROM ledger_entries"))


async def test_row_and_entry_are_written_together_or_not_at_all(book: Book, log: CallLog) -> None:
    await book.sql("DROP TABLE ai_request_logs")
    with pytest.raises(LedgerUnavailable):
        await log.log(RECORD)
    assert await book.entries() == []


async def test_the_cost_of_a_task_is_the_sum_of_its_calls(book: Book, log: CallLog) -> None:
    other = replace(REQUEST, task_id="task-2")
    for at, cost in enumerate((0.25, 0.5, 0.0)):
        await log.log(replace(RECORD, request=replace(REQUEST, key=f"call-{at}"), cost_usd=cost))
    await log.log(replace(RECORD, request=other, cost_usd=None))
    await log.log(replace(RECORD, request=replace(REQUEST, org="T0OTHER"), cost_usd=9.0))
    assert await book.ledger.cost(ORG, "task-1") == 0.75


async def test_one_call_of_unknown_cost_makes_the_cost_of_its_task_unknown(book: Book, log: CallLog) -> None:
    await log.log(RECORD)
    await log.log(replace(RECORD, request=replace(REQUEST, key="failed"), cost_usd=None, success=False))
    assert await book.ledger.cost(ORG, "task-1") is None


async def test_the_cost_of_a_task_without_calls_is_unknown_and_not_zero(book: Book) -> None:
    assert await book.ledger.cost(ORG, "task-1") is None


async def test_the_cost_of_a_task_whose_rows_were_removed_is_unknown(book: Book, log: CallLog) -> None:
    await log.log(RECORD)
    await log.log(replace(RECORD, request=replace(REQUEST, key="second")))
    await book.sql("DELETE FROM ai_request_logs WHERE key = 'second'")
    assert await book.ledger.cost(ORG, "task-1") is None
