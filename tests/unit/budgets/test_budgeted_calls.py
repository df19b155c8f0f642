"""What is asked under a budget, and what is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agents.orchestrator.brief import Brief
from agents.orchestrator.budget import BudgetedClient, BudgetExceeded, worst_case
from agents.orchestrator.chat import ChatMessage, ModelError
from agents.orchestrator.consensus import pool_claims
from agents.orchestrator.council import Council
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.merging import Merging
from agents.orchestrator.orchestrator import Orchestrator
from agents.orchestrator.prices import Price, PriceBook
from agents.orchestrator.retrying import RetryingClient
from bot.budgets.limits import STORM_USER, Limit, Limits
from bot.budgets.purse import SqlPurse
from tests.unit.ledger.book import Book
from tests.unit.orchestrator.parts import KeptEntries, Watcher, brief, report, request
from tests.unit.orchestrator.provider import Provider, Step, fails, says, votes
from tests.unit.orchestrator.test_merging import entail_prompt
from tools.contracts.council import Claim

MEMBERS = ("alpha", "beta", "gamma")
PRICES = PriceBook({f"openai/{name}": Price(1e-6, 2e-6) for name in MEMBERS})


def client(book: Book, litellm_client: LiteLLMClient, limits: Limits) -> BudgetedClient:
    purse = SqlPurse(book.database, limits, PRICES, now=lambda: datetime(2026, 3, 1, tzinfo=UTC))
    return BudgetedClient(litellm_client, purse)


async def left(book: Book) -> int:
    return len(await book.sql("SELECT id FROM budget_reservations"))


async def spent(book: Book, scope: str = "task") -> tuple[int, int]:
    rows = await book.sql("SELECT tokens, micro_usd FROM budget_spend WHERE scope = :scope", scope=scope)
    return (int(rows[0].tokens), int(rows[0].micro_usd)) if rows else (0, 0)


def seat(provider: Provider, vote: Step | None = None) -> None:
    for name in MEMBERS:
        provider.play(name, says(report("14")), schema="DriftMemberReport")
        provider.play(name, vote or votes(lambda _text: "support"), schema="VoteSheet")


async def deliberate(provider: Provider, budgeted: BudgetedClient, asked: Brief | None = None) -> None:
    members = [provider.member(name) for name in MEMBERS]
    council = Council(RetryingClient(budgeted), members, fan_outs=budgeted)
    await Orchestrator(council).deliberate(asked or brief(), mode="council", progress=Watcher(), recorder=KeptEntries())


async def test_a_call_is_settled_at_what_it_took(provider: Provider, litellm_client: LiteLLMClient, book: Book) -> None:
    provider.play("alpha", says("hi"))
    await client(book, litellm_client, Limits(task=Limit(usd=5))).chat(provider.member("alpha"), request())
    assert await spent(book) == (18, 11 + 14)
    assert await left(book) == 0


async def test_a_call_that_could_go_over_is_not_made(
    provider: Provider, litellm_client: LiteLLMClient, book: Book
) -> None:
    provider.play("alpha", says("hi"))
    budgeted = client(book, litellm_client, Limits(task=Limit(tokens=4096)))
    with pytest.raises(BudgetExceeded, match=r"No model was asked.*nothing was changed"):
        await RetryingClient(budgeted).chat(provider.member("alpha"), request())
    assert (provider.calls, await left(book), await spent(book)) == ([], 0, (0, 0))


async def test_a_council_that_cannot_be_paid_for_whole_asks_nobody(
    provider: Provider, litellm_client: LiteLLMClient, book: Book
) -> None:
    seat(provider)
    most = worst_case(
        brief().request(brief().report, purpose="report", member="Alpha", mode="council", deadline_seconds=20), None
    ).tokens
    budgeted = client(book, litellm_client, Limits(task=Limit(tokens=2 * most + 4000)))
    with pytest.raises(BudgetExceeded):
        await deliberate(provider, budgeted)
    assert (provider.calls, await left(book)) == ([], 0)


async def test_the_councils_of_one_storm_draw_on_one_budget_and_those_of_another_do_not(
    provider: Provider, litellm_client: LiteLLMClient, book: Book
) -> None:
    seat(provider)
    first = replace(brief(), user=f"{STORM_USER}C1.1795000000")
    # Enough for one council's answers at their worst, and then for its votes.
    budgeted = client(book, litellm_client, Limits(storm=Limit(tokens=30_000)))
    await deliberate(provider, budgeted, first)
    assert (await spent(book, "storm"))[0] >= 18 * 6
    await book.sql("UPDATE budget_spend SET tokens = tokens + 20000 WHERE scope = 'storm'")
    asked = len(provider.calls)
    with pytest.raises(BudgetExceeded, match=r"The budget of one alert storm.*nothing was changed"):
        await deliberate(provider, budgeted, replace(first, key="drift:r1:next"))
    assert (len(provider.calls), await left(book)) == (asked, 0)
    await deliberate(provider, budgeted, replace(first, user=f"{STORM_USER}C1.1795009999"))
    assert len(provider.calls) == 2 * asked


async def test_a_council_leaves_nothing_reserved(provider: Provider, litellm_client: LiteLLMClient, book: Book) -> None:
    seat(provider)
    await deliberate(provider, client(book, litellm_client, Limits(person=Limit(tokens=1_000_000))))
    assert await left(book) == 0
    assert (await spent(book, "person"))[0] >= 18 * 6


@pytest.mark.parametrize(
    ("step", "paid"),
    [(fails(401), False), (fails(429), False), (fails(503), False), (says("half", finish="length"), True)],
)
async def test_what_a_provider_refused_is_not_spent(
    provider: Provider, litellm_client: LiteLLMClient, book: Book, step: Step, paid: bool
) -> None:
    provider.play("alpha", step)
    with pytest.raises(ModelError):
        await client(book, litellm_client, Limits(task=Limit(usd=5))).chat(provider.member("alpha"), request())
    assert ((await spent(book))[0], await left(book)) == (18 if paid else 0, 0)


async def test_a_call_whose_end_is_not_known_is_spent_at_its_worst(
    provider: Provider, litellm_client: LiteLLMClient, book: Book
) -> None:
    provider.play("alpha", says("hi", usage=False))
    asked = request()
    await client(book, litellm_client, Limits(task=Limit(usd=5))).chat(provider.member("alpha"), asked)
    assert (await spent(book))[0] >= 18
    assert await left(book) == 0


async def test_without_a_budget_nothing_is_counted(
    provider: Provider, litellm_client: LiteLLMClient, book: Book
) -> None:
    provider.play("alpha", says("hi"))
    await client(book, litellm_client, Limits()).chat(provider.member("alpha"), request())
    assert await spent(book) == (0, 0)


@pytest.mark.parametrize("text", ["plain words", "漢字かな交じり文", "🧨" * 50, "\x00\x01\x02", "a1B2-" * 40, ""])
def test_the_worst_case_counts_every_byte(text: str) -> None:
    asked = replace(request(), messages=(ChatMessage("user", text),), max_tokens=100)
    assert worst_case(asked, Price(1, 1)).tokens >= len(text.encode()) + 100


async def test_a_judge_of_claims_that_cannot_be_paid_for_is_not_asked_and_ends_nothing(
    provider: Provider, litellm_client: LiteLLMClient, book: Book
) -> None:
    budgeted = client(book, litellm_client, Limits(task=Limit(tokens=4096)))
    texts = {"Alpha": "The disks are full.", "Beta": "Full disks."}
    reports = {
        name: report().model_copy(
            update={"claims": [Claim(text=text, subject="", attribute="", value="", confidence=0.9)]}
        )
        for name, text in texts.items()
    }
    asked = replace(brief(), entail_prompt=entail_prompt)
    pooled, watcher = pool_claims(reports, {}, seed="s"), Watcher()
    merging = Merging(budgeted, provider.member("alpha"))
    assert await merging.merged(pooled, reports, asked, progress=watcher) == pooled
    assert (provider.calls, await left(book)) == ([], 0)
    [note] = watcher.notes
    assert note.endswith("Claims in other words stay apart, each voted on by itself.")
