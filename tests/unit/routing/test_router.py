"""What was measured is read from the request log and from outcomes: of one org, as it stood when the task came in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from agents.orchestrator.chat import Member
from agents.orchestrator.routing import RoutingRules, Track
from bot.evals.booking import EVAL
from bot.routing.router import Router
from bot.routing.tracks import Tracks
from tests.unit.ledger.book import ORG, Book
from tests.unit.routing.calling import NOW, called, proved

CLAUDE, AZURE, HAIKU = (Member(name=name, model=f"x/{name}", family=name) for name in ("Claude", "Azure", "Haiku"))


async def test_calls_failures_cost_and_outcomes_of_one_org_job_and_agent(book: Book) -> None:
    await called(book, "Claude", 3)
    await called(book, "Claude", 1, error="timeout")
    await called(book, "Claude", 1, error="cancelled")
    await called(book, "Azure", 2, purpose="investigate", cost=None)
    await called(book, "Claude", 9, purpose="vote")
    await called(book, "Claude", 9, purpose="understand")
    await called(book, "Claude", 9, agent="cost")
    await called(book, "Claude", 9, purpose="understand", agent=EVAL, cost=0.5)
    await called(book, "Claude", 9, org="T0OTHER")
    await called(book, "Claude", 9, at=NOW - timedelta(days=31))
    await called(book, "Claude", 9, at=NOW + timedelta(minutes=1))
    await proved(book, right=True, task="t1")
    await proved(book, right=False, task="t2")
    await proved(book, right=True, task="t3")
    await proved(book, right=True, task="t4", agent="cost")
    await proved(book, right=True, task="t5", org="T0OTHER")
    found = await Tracks(book.database).of(ORG, "reason", agent="drift", until=NOW)
    assert found == {
        "Claude": Track(calls=4, failed=1, cost_usd=0.01, judged=3, right=2),
        "Azure": Track(calls=2, failed=0, cost_usd=None, judged=3, right=1),
    }
    parsing = await Tracks(book.database).of(ORG, "parse", agent=None, until=NOW)
    assert parsing == {"Claude": Track(calls=9, cost_usd=0.01)}


async def test_a_task_is_routed_by_what_stood_when_it_came_in(book: Book) -> None:
    router = Router(Tracks(book.database), RoutingRules(explore=0, min_calls=5), (CLAUDE, AZURE))
    await called(book, "Claude", 20)
    await called(book, "Azure", 20, cost=0.001)
    before = await router.route("reason", org=ORG, task_id="t", received_at=NOW - timedelta(hours=2), agent="drift")
    after = await router.route("reason", org=ORG, task_id="t", received_at=NOW, agent="drift")
    assert [member.name for member in before.members] == ["Claude", "Azure"]
    assert [member.name for member in after.members] == ["Azure", "Claude"]
    # Cheaper calls that came later: a retry of the task is routed as the task was, by another process too.
    await called(book, "Claude", 200, cost=0.00001, at=NOW + timedelta(minutes=10))
    late = Router(router.tracks, router.rules, router.members)
    again = await late.route("reason", org=ORG, task_id="t", received_at=NOW, agent="drift")
    assert again == after
    others = await router.route("reason", org="T0OTHER", task_id="t", received_at=NOW, agent="drift")
    assert others.members[0] == CLAUDE


async def test_fast_models_parse_and_the_capable_stand_in_for_them(book: Book) -> None:
    router = Router(Tracks(book.database), RoutingRules(), (CLAUDE, AZURE), (HAIKU,))
    parse = await router.route("parse", org=ORG, task_id="t", received_at=NOW)
    reason = await router.route("reason", org=ORG, task_id="t", received_at=NOW, agent="drift")
    assert parse.members == (HAIKU, CLAUDE, AZURE)
    assert HAIKU not in reason.members
    alone = replace(router, fast=())
    assert (await alone.route("parse", org=ORG, task_id="t", received_at=NOW)).members[-1] in (CLAUDE, AZURE)
