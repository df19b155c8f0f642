"""What is added up, and what is not: other orgs, earlier calls, costs nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.usage.query import Dimension, Usage, in_teams, total, usage_by
from bot.usage.report import cost_words
from bot.usage.since import since_when
from tests.unit.ledger.book import ORG, Book
from tests.unit.usage.calls import ADA, GRACE, NOW, Calls
from tools.contracts.ledger import LedgerUnavailable

SINCE = NOW - timedelta(days=7)


async def names(book: Book, by: Dimension) -> dict[str, int]:
    return {usage.name: usage.calls for usage in await usage_by(book.database, ORG, by, since=SINCE)}


async def test_every_dimension(book: Book) -> None:
    calls = Calls(book)
    await calls.add()
    await calls.add(user=GRACE, agent="cost", model="haiku", mode="single", at=NOW - timedelta(days=2))
    await calls.add(user="alert:0123456789abcdef", agent=None, at=NOW - timedelta(days=2))
    await calls.add(user="alert:fedcba9876543210", agent="meta_prompt", mode="aggregation")
    assert await names(book, "person") == {ADA: 1, GRACE: 1, "alerts": 2}
    assert await names(book, "agent") == {"drift": 1, "cost": 1, "unknown": 1, "meta_prompt": 1}
    assert await names(book, "model") == {"anthropic/sonnet": 3, "anthropic/haiku": 1}
    assert await names(book, "mode") == {"council": 2, "single": 1, "aggregation": 1}
    assert await names(book, "day") == {"2026-03-08": 2, "2026-03-10": 2}


async def test_a_day_is_one_of_utc(book: Book) -> None:
    calls = Calls(book)
    await calls.add(at=datetime(2026, 3, 9, 23, 59, 59, tzinfo=UTC))
    await calls.add(at=datetime.fromisoformat("2026-03-10T01:30:00+02:00"))
    await calls.add(at=datetime(2026, 3, 10, 0, 0, 1, tzinfo=UTC))
    assert await names(book, "day") == {"2026-03-09": 2, "2026-03-10": 1}


async def test_other_orgs_and_earlier_calls_are_not_counted(book: Book) -> None:
    calls = Calls(book)
    await calls.add()
    await calls.add(org="T0OTHER")
    await calls.add(at=SINCE - timedelta(seconds=1))
    assert await names(book, "model") == {"anthropic/sonnet": 1}
    assert [usage.calls for usage in await usage_by(book.database, "T0OTHER", "model", since=SINCE)] == [1]


async def test_of_one_person_alone(book: Book) -> None:
    calls = Calls(book)
    await calls.add()
    await calls.add(user=GRACE)
    [usage] = await usage_by(book.database, ORG, "model", since=SINCE, user=GRACE)
    assert usage.calls == 1


async def test_an_unknown_cost_is_counted_apart_and_never_zero(book: Book) -> None:
    calls = Calls(book)
    await calls.add(cost=0.25)
    await calls.add(cost=None)
    await calls.add(cost=None, tokens=None, success=False)
    [usage] = await usage_by(book.database, ORG, "model", since=SINCE)
    assert usage == Usage(
        name="anthropic/sonnet",
        calls=3,
        failed=1,
        prompt_tokens=200,
        completion_tokens=40,
        cached_tokens=20,
        uncounted=1,
        cost_usd=0.25,
        unknown_costs=2,
    )
    assert cost_words(usage) == "$0.2500 and 2 calls of unknown cost"


async def test_nothing_but_unknown_costs_is_unknown(book: Book) -> None:
    await Calls(book).add(cost=None)
    [usage] = await usage_by(book.database, ORG, "model", since=SINCE)
    assert usage.cost_usd is None
    assert cost_words(usage) == "unknown (1 call)"


def test_a_person_of_several_teams_counts_in_each_and_once_in_the_total() -> None:
    people = [Usage("U1", calls=1, cost_usd=1.0), Usage("U2", calls=2, unknown_costs=2), Usage("U3", calls=4)]
    teams = in_teams(people, {"red": {"U1", "U2"}, "blue": ["U2"]})
    assert {team.name: team.calls for team in teams} == {"red": 3, "blue": 2, "no team": 4}
    assert {team.name: team.cost_usd for team in teams} == {"red": 1.0, "blue": None, "no team": None}
    assert total(people).calls == 7


async def test_a_log_that_cannot_be_read_is_a_sentence(book: Book) -> None:
    await book.sql("DROP TABLE ai_request_logs")
    with pytest.raises(LedgerUnavailable, match="The request log could not be read"):
        await usage_by(book.database, ORG, "model", since=SINCE)


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("7d", NOW - timedelta(days=7)),
        (" 12H ", NOW - timedelta(hours=12)),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T01:00+01:00", datetime(2026, 3, 1, tzinfo=UTC)),
    ],
)
def test_since(given: str, moment: datetime) -> None:
    assert since_when(given, now=NOW) == moment


@pytest.mark.parametrize("given", ["", "yesterday", "7", "-3d", "99999d", "7d; DROP TABLE", "2026-13-01"])
def test_another_since_is_refused_with_what_would_be_right(given: str) -> None:
    with pytest.raises(ValueError, match="it must be like 7d, 12h or 2026-11-01"):
        since_when(given, now=NOW)
