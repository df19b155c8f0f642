"""`/gavel usage` in a workspace: for one person's eyes, of that person's org."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from temporalio.client import Client

from bot.late import LateUsage
from bot.roles import ListedRoles
from bot.settings import DatabaseSettings, Settings
from tests.unit.ledger.book import Book
from tests.unit.listeners.conftest import slack, temporal
from tests.unit.listeners.desk import Desk, open_desk
from tests.unit.local_slack.harness import ADA, GRACE, OPS, Slack
from tests.unit.usage.calls import Calls

__all__ = ["slack", "temporal"]

ORG = "T1"
"""The desk's."""


@pytest.fixture
async def desk(slack: Slack, temporal: Client, book: Book, tmp_path: Path) -> AsyncGenerator[Desk]:
    calls = Calls(book)
    await calls.add(user=ADA, cost=1.25, org=ORG)
    await calls.add(user=GRACE, cost=None, org=ORG)
    await calls.add(user=GRACE, cost=9.0, org="T0OTHER")
    settings = Settings.embedded(data_dir=tmp_path).model_copy(
        update={"database": DatabaseSettings.model_validate({"url": book.url})}
    )

    def usage(client: AsyncWebClient) -> LateUsage:
        return LateUsage(settings, client, ListedRoles({"admin": frozenset({GRACE})}))

    async with open_desk(slack, temporal, desks={"usage": usage}) as opened:
        yield opened


async def told(desk: Desk, words: str, *, user: str = "ada") -> str:
    """What the person is shown. Nobody else sees it."""
    answer = await desk.slack.act("command", user=user, channel=OPS, text=f"usage {words}".strip())
    assert answer["ok"], answer
    messages = (await desk.slack.look("channel", channel=OPS, viewer=user))["messages"]
    assert all(message["ephemeral"] for message in messages)
    assert (await desk.slack.look("channel", channel=OPS, viewer="linus"))["messages"] == []
    blocks = messages[-1]["blocks"]
    return "\n".join(str(block.get("text", {}).get("text", block.get("elements"))) for block in blocks)


async def test_the_orgs_own_usage_and_no_other(desk: Desk) -> None:
    said = await told(desk, "since 2026-01-01")
    assert "2 model calls, cost $1.25 and 1 call of unknown cost" in said
    assert "`anthropic/sonnet`: 2 calls" in said
    assert "9" not in said.replace("2026-01-01", "")


async def test_by_team_of_the_workspaces_user_groups(desk: Desk) -> None:
    said = await told(desk, "by team since 2026-01-01")
    assert "`sre`: 1 call" in said
    assert "`no team`: 1 call" in said
    assert "gavel-" not in said.replace("gavel usage", "")


async def test_other_peoples_usage_is_for_admins(desk: Desk) -> None:
    mine = await told(desk, "by person since 2026-01-01")
    assert f"<@{ADA}>" in mine
    assert GRACE not in mine
    assert "This is your own." in mine
    everyones = await told(desk, "by person since 2026-01-01", user="grace")
    assert f"<@{ADA}>" in everyones
    assert f"<@{GRACE}>" in everyones


@pytest.mark.parametrize("words", ["by org", "for grace", "since", "since then", "by", "by model extra"])
async def test_what_is_not_understood_says_what_would_be(desk: Desk, words: str) -> None:
    assert "Try `/gavel usage`" in await told(desk, words)


async def test_a_log_that_cannot_be_read_is_said_and_nothing_hangs(desk: Desk, book: Book) -> None:
    await book.sql("DROP TABLE ai_request_logs")
    assert "cannot be read now, so nothing was counted" in await told(desk, "")
