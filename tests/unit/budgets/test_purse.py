"""However many ask at once, from however many processes, no budget is gone over; what is left over is free again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from agents.orchestrator.budget import Amount, BudgetExceeded, Wanted
from agents.orchestrator.chat import ChatRequest, Member
from agents.orchestrator.prices import Price, PriceBook, read_prices
from bot.budgets.limits import Limit, Limits
from bot.budgets.purse import SqlPurse
from bot.ledger.database import Database
from bot.ledger.tables import BudgetReservation, BudgetSpend
from tests.unit.ledger.book import Book
from tests.unit.orchestrator.parts import request
from tools.contracts.ledger import LedgerUnavailable

MEMBER = Member("Claude", "anthropic/claude-sonnet-5-5", "anthropic")
REQUEST = request()


@dataclass
class Clock:
    at: datetime = field(default_factory=lambda: datetime(2026, 3, 1, 12, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.at


def purse(book: Book, limits: Limits, *, clock: Clock | None = None, database: Database | None = None) -> SqlPurse:
    return SqlPurse(database or book.database, limits, PriceBook(), now=clock or Clock())


def wanted(tokens: int, micro_usd: int | None = 0, asked: ChatRequest = REQUEST) -> Wanted:
    return Wanted(MEMBER, asked, Amount(tokens, micro_usd))


@pytest.mark.parametrize("limit", [Limit(tokens=1000), Limit(usd=0.001)])
@pytest.mark.parametrize("scope", ["person", "org", "task"])
async def test_fifty_reservations_at_once_never_go_over(book: Book, limit: Limit, scope: str) -> None:
    limits = {"person": Limits(person=limit), "org": Limits(org=limit), "task": Limits(task=limit)}[scope]
    # Several processes: each with a database object of its own.
    databases = [Database.open(book.url, lock_timeout_seconds=30) for _ in range(5)]
    purses = [purse(book, limits, database=database) for database in databases]

    async def reserve(number: int) -> bool:
        try:
            await purses[number % 5].reserve([wanted(90, 90)])
        except BudgetExceeded:
            return False
        return True

    taken = await asyncio.gather(*(reserve(number) for number in range(50)))
    for database in databases:
        await database.close()
    assert sum(taken) == 11
    [(tokens, micro_usd)] = await book.sql("SELECT sum(tokens), sum(micro_usd) FROM budget_reservations")
    assert (tokens, micro_usd) == (990, 990)


async def test_a_fan_out_is_paid_for_whole_or_not_at_all(book: Book) -> None:
    here = purse(book, Limits(task=Limit(tokens=100)))
    with pytest.raises(BudgetExceeded, match="this step may take up to 120 tokens"):
        await here.reserve([wanted(40), wanted(40), wanted(40)])
    assert await book.sql("SELECT id FROM budget_reservations") == []
    assert len(await here.reserve([wanted(50), wanted(50)])) == 2


async def test_what_is_settled_counts_as_spent_and_the_rest_is_free(book: Book) -> None:
    here = purse(book, Limits(person=Limit(tokens=100)))
    [reserved] = await here.reserve([wanted(100)])
    with pytest.raises(BudgetExceeded):
        await here.reserve([wanted(1)])
    await here.settle(reserved, REQUEST, Amount(30, 0))
    [left] = await here.reserve([wanted(70)])
    await here.release(REQUEST.org, [left])
    await here.reserve([wanted(70)])
    with pytest.raises(BudgetExceeded, match=r"100 of 100 tokens are spent or reserved.*nothing was changed"):
        await here.reserve([wanted(1)])


async def test_other_people_orgs_tasks_and_days_have_their_own(book: Book) -> None:
    clock = Clock()
    limits = Limits(person=Limit(tokens=100), org=Limit(tokens=250), task=Limit(tokens=100))
    here = purse(book, limits, clock=clock)
    await here.reserve([wanted(100)])
    for asked in (replace(REQUEST, task_id="task-2"), replace(REQUEST, user="U2")):
        with pytest.raises(BudgetExceeded):
            await here.reserve([wanted(1, 0, asked)])
    await here.reserve([wanted(100, 0, replace(REQUEST, user="U2", task_id="task-2"))])
    with pytest.raises(BudgetExceeded, match="Everybody's budget for today"):
        await here.reserve([wanted(51, 0, replace(REQUEST, user="U3", task_id="task-3"))])
    await here.reserve([wanted(100, 0, replace(REQUEST, org="T2"))])
    clock.at += timedelta(hours=12)
    await here.reserve([wanted(50, 0, replace(REQUEST, task_id="task-4"))])


async def test_a_tasks_budget_outlives_the_day(book: Book) -> None:
    clock = Clock()
    here = purse(book, Limits(task=Limit(tokens=100)), clock=clock)
    [reserved] = await here.reserve([wanted(100)])
    await here.settle(reserved, REQUEST, Amount(100, 0))
    clock.at += timedelta(days=2)
    with pytest.raises(BudgetExceeded, match=r"The budget of one task.*budgets.task_tokens"):
        await here.reserve([wanted(1)])


async def test_what_a_dead_process_reserved_is_free_when_its_lease_is_over(book: Book) -> None:
    clock = Clock()
    here = purse(book, Limits(person=Limit(tokens=100)), clock=clock)
    [reserved] = await here.reserve([wanted(100)])
    clock.at += timedelta(seconds=REQUEST.deadline_seconds + 59)
    with pytest.raises(BudgetExceeded):
        await here.reserve([wanted(100)])
    clock.at += timedelta(seconds=2)
    [again] = await here.reserve([wanted(100)])
    assert again != reserved
    # It was not dead, only slow: what it spent is spent.
    await here.settle(reserved, REQUEST, Amount(60, 0))
    await here.settle(again, REQUEST, Amount(0, 0))
    with pytest.raises(BudgetExceeded):
        await here.reserve([wanted(41)])


async def test_a_warning_at_eighty_percent_once(book: Book) -> None:
    here = purse(book, Limits(person=Limit(tokens=100)))
    for spent, told in ((79, 0), (1, 1), (5, 0)):
        [reserved] = await here.reserve([wanted(spent)])
        await here.settle(reserved, REQUEST, Amount(spent, 0))
        warnings = here.take_warnings(REQUEST.org, REQUEST.task_id)
        assert len(warnings) == told, (spent, warnings)
        assert all("80% used" in warning for warning in warnings)
    elsewhere = purse(book, Limits(person=Limit(tokens=100)))
    [reserved] = await elsewhere.reserve([wanted(1)])
    await elsewhere.settle(reserved, REQUEST, Amount(1, 0))
    assert elsewhere.take_warnings(REQUEST.org, REQUEST.task_id) == []


async def test_an_unknown_price_is_refused_under_a_budget_in_dollars_unless_it_is_allowed(book: Book) -> None:
    here = purse(book, Limits(person=Limit(usd=5), task=Limit(tokens=100)))
    with pytest.raises(BudgetExceeded, match=r"Nobody knows what Claude .* costs.*No model was asked"):
        await here.reserve([wanted(10, None)])
    allowed = replace(here, allow_unknown_prices=True)
    await allowed.reserve([wanted(100, None)])
    with pytest.raises(BudgetExceeded, match="tokens"):
        await allowed.reserve([wanted(1, None)])
    await purse(book, Limits(org=Limit(tokens=1000))).reserve([wanted(10, None)])


async def test_other_limits_for_some(book: Book) -> None:
    limits = Limits(person=Limit(tokens=10), people={"U1": Limit(tokens=100), "U2": Limit()})
    here = purse(book, limits)
    await here.reserve([wanted(100)])
    assert here.most(MEMBER, replace(REQUEST, user="U2")) is None
    with pytest.raises(BudgetExceeded):
        await here.reserve([wanted(11, 0, replace(REQUEST, user="U3"))])


async def test_a_council_is_asked_where_what_it_may_cost_is_left(book: Book) -> None:
    here = purse(book, Limits(person=Limit(tokens=100)))
    who = {"org": REQUEST.org, "user": REQUEST.user, "task_id": REQUEST.task_id}
    assert await here.may_spend(**who) is None
    [reserved] = await here.reserve([wanted(30)])
    await here.settle(reserved, REQUEST, Amount(30, 0))
    assert "up to 90 tokens" in str(await here.may_spend(**who))
    assert await purse(book, Limits()).may_spend(**who) is None


async def test_budgets_that_cannot_be_counted_stop_the_call(book: Book) -> None:
    for table in (BudgetReservation, BudgetSpend):
        await book.sql(f"DROP TABLE {table.__tablename__}")
    with pytest.raises(LedgerUnavailable, match="no model was asked"):
        await purse(book, Limits(person=Limit(tokens=100))).reserve([wanted(1)])


def test_prices_come_from_the_configuration_then_from_litellms_list() -> None:
    read_prices()
    listed = PriceBook().price(Member("GPT", "openai/gpt-4o", "openai"))
    assert listed is not None
    assert 0 < listed.prompt < listed.completion < 0.01
    book = PriceBook({"openai/gpt-4o": Price(1.0, 2.0)})
    assert book.price(Member("GPT", "openai/gpt-4o", "openai")) == Price(1.0, 2.0)
    assert book.price(Member("X", "ollama_chat/nobody-knows-this", "x")) is None
    assert book.price(Member("R", "openai/rehearsal", "r", simulated=True)) == Price(0, 0)
