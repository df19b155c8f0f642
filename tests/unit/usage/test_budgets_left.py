"""What is left of today's budgets: spent, reserved by calls that are being made, and left, where a budget is set."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from temporalio.client import Client
from typer.testing import CliRunner

from agents.orchestrator.budget import Amount, Wanted
from agents.orchestrator.prices import PriceBook
from bot.budgets.left import left_today, left_words
from bot.budgets.limits import Limit, Limits
from bot.budgets.purse import SqlPurse
from bot.clock import utc_now
from bot.late import LateUsage
from bot.roles import ListedRoles
from bot.settings import BudgetSettings, DatabaseSettings, Settings
from bot.usage.cli import UsageInputs, usage_app
from bot.usage.teams import Teams
from tests.unit.budgets.test_purse import MEMBER
from tests.unit.ledger.book import Book
from tests.unit.listeners.conftest import slack, temporal
from tests.unit.listeners.desk import Desk, open_desk
from tests.unit.local_slack.harness import ADA, GRACE, Slack
from tests.unit.orchestrator.parts import request
from tests.unit.usage.test_usage_command import told

__all__ = ["slack", "temporal"]

ORG = "T1"
LIMITS = Limits(person=Limit(usd=5, tokens=1000), org=Limit(usd=50), people={GRACE: Limit(usd=1)})


async def spend(book: Book, user: str, usd: float, *, tokens: int = 100, settled: bool = True) -> None:
    purse = SqlPurse(book.database, LIMITS, PriceBook(), now=utc_now)
    asked = replace(request(), user=user, org=ORG)
    [reserved] = await purse.reserve([Wanted(MEMBER, asked, Amount(tokens, int(usd * 1_000_000)))])
    if settled:
        await purse.settle(reserved, asked, Amount(tokens, int(usd * 1_000_000)))


async def test_what_is_reserved_counts_until_its_lease_is_over(book: Book) -> None:
    await spend(book, ADA, 2)
    await spend(book, ADA, 1, settled=False)
    everybody, ada = await left_today(book.database, LIMITS, ORG, user=ADA, now=utc_now())
    assert left_words(everybody) == "$3.00 of $50.00, $47.00 left"
    assert left_words(ada) == "$3.00 of $5.00, $2.00 left; 200 of 1,000 tokens, 800 left"
    later = utc_now() + timedelta(minutes=5)
    if later.date() == utc_now().date():
        [_, ada] = await left_today(book.database, LIMITS, ORG, user=ADA, now=later)
        assert left_words(ada).startswith("$2.00 of $5.00, $3.00 left")


async def test_without_a_budget_there_is_nothing_to_show(book: Book) -> None:
    assert await left_today(book.database, Limits(), ORG, user=None, now=utc_now()) == []
    assert await left_today(book.database, Limits(task=Limit(usd=1)), ORG, user=ADA, now=utc_now()) == []


async def test_the_terminal_shows_everybodys_and_whoever_is_nearest_to_the_limit_first(book: Book) -> None:
    await spend(book, ADA, 2)
    await spend(book, GRACE, 0.9)
    app = usage_app(lambda: UsageInputs(book.url, ORG, Teams({}, None), LIMITS))

    async def run(*arguments: str) -> str:
        ran = await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env={"COLUMNS": "200"})
        assert ran.exit_code == 0, ran.output
        return ran.stdout

    shown = [line for line in (await run()).splitlines() if line.startswith("Budget")]
    assert shown == [
        "Budget of everybody today (UTC): $2.90 of $50.00, $47.10 left",
        f"Budget of {GRACE} today (UTC): $0.9000 of $1.00, $0.1000 left",
        f"Budget of {ADA} today (UTC): $2.00 of $5.00, $3.00 left; 100 of 1,000 tokens, 900 left",
    ]
    found = json.loads(await run("--json"))["budgets"]
    assert [(one["scope"], one["subject"], one["limit_usd"]) for one in found] == [
        ("org", ORG, 50.0),
        ("person", GRACE, 1.0),
        ("person", ADA, 5.0),
    ]
    assert (found[2]["left_usd"], found[2]["left_tokens"], found[0]["left_tokens"]) == (3.0, 900, None)


@pytest.fixture
async def desk(slack: Slack, temporal: Client, book: Book, tmp_path: Path) -> AsyncGenerator[Desk]:
    settings = Settings.embedded(data_dir=tmp_path).model_copy(
        update={
            "database": DatabaseSettings.model_validate({"url": book.url}),
            "budgets": BudgetSettings(person_usd=5, person_tokens=1000, org_usd=50),
        }
    )

    def usage(client: AsyncWebClient) -> LateUsage:
        return LateUsage(settings, client, ListedRoles({"admin": frozenset({GRACE})}))

    async with open_desk(slack, temporal, desks={"usage": usage}) as opened:
        yield opened


async def test_in_slack_a_person_sees_everybodys_and_their_own(desk: Desk, book: Book) -> None:
    await spend(book, ADA, 2)
    await spend(book, GRACE, 0.5)
    said = await told(desk, "")
    assert "Left of today's budgets (UTC)" in said
    assert "Everybody: $2.50 of $50.00, $47.50 left" in said
    assert "You: $2.00 of $5.00, $3.00 left; 100 of 1,000 tokens, 900 left" in said
    assert GRACE not in said
