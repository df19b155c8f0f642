"""`/gavel mode` in a workspace: what holds here, set by those who may approve, kept, and on record."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient
from temporalio.client import Client

from bot.keys import load_keys
from bot.late import LateMode
from bot.modes.channels import ChannelModes, SetMode
from bot.opening import open_ledger
from bot.roles import ListedRoles
from bot.settings import DatabaseSettings, LlmSettings, ModeSettings, Settings
from tests.unit.ledger.book import Book
from tests.unit.listeners.conftest import slack, temporal
from tests.unit.listeners.desk import Desk, open_desk
from tests.unit.local_slack.harness import GRACE, OPS, Slack
from tests.unit.usage.calls import Calls
from tools.contracts.ledger import LedgerUnavailable

__all__ = ["slack", "temporal"]

ORG = "T1"
"""The desk's."""


@pytest.fixture
def settings(book: Book, tmp_path: Path) -> Settings:
    return Settings.embedded(data_dir=tmp_path).model_copy(
        update={
            "database": DatabaseSettings.model_validate({"url": book.url}),
            "modes": ModeSettings.model_validate({"agents": {"cost": "single"}, "channels": {"alerts": "council"}}),
            "secret_key": SecretStr("ab" * 32),
            "llm": LlmSettings.model_validate({"mode": "auto"}),
        }
    )


@pytest.fixture
async def desk(slack: Slack, temporal: Client, settings: Settings) -> AsyncGenerator[Desk]:
    def mode(client: AsyncWebClient) -> LateMode:
        return LateMode(settings, load_keys(settings), client, ListedRoles({"approver": frozenset({GRACE})}))

    async with open_desk(slack, temporal, desks={"mode": mode}) as opened:
        yield opened


async def told(desk: Desk, words: str = "", *, user: str = "grace", channel: str = OPS) -> str:
    answer = await desk.slack.act("command", user=user, channel=channel, text=f"mode {words}".strip())
    assert answer["ok"], answer
    messages = (await desk.slack.look("channel", channel=channel, viewer=user))["messages"]
    assert messages[-1]["ephemeral"]
    blocks = messages[-1]["blocks"]
    return "\n".join(str(block.get("text", {}).get("text", block.get("elements"))) for block in blocks)


async def test_says_what_holds_who_chose_it_and_what_modes_cost(desk: Desk, book: Book) -> None:
    calls, now = Calls(book), datetime.now(UTC)
    await calls.add(mode="council", cost=0.4, org=ORG, at=now)
    await calls.add(mode="single", cost=None, org=ORG, at=now)
    await calls.add(mode="council", cost=9.0, org="T0OTHER", at=now)
    await calls.add(mode="council", cost=9.0, org=ORG, at=now - timedelta(days=31))
    said = await told(desk, user="ada")
    assert "*This channel is worked in* auto mode. One model answers first" in said
    assert "Chosen: auto, the default (LLM_MODE)." in said
    assert "the cost agent: one model" in said
    assert "`council`: 1 call, $0.40" in said
    assert "`single`: 1 call, unknown" in said


async def test_an_approver_sets_it_it_is_kept_and_on_record(desk: Desk, book: Book, settings: Settings) -> None:
    said = await told(desk, "council")
    assert "*This channel is now worked in* council mode." in said
    assert f"set for this channel with /gavel mode. By <@{GRACE}>." in said
    kept = await ChannelModes(book.database).of(ORG, OPS)
    assert kept is not None
    assert (kept.setting, kept.by) == ("council", GRACE)
    assert "By" not in await told(desk, channel="C0GENERAL1")
    said = await told(desk, "default")
    assert "auto, the default" in said
    assert await ChannelModes(book.database).of(ORG, OPS) is None
    async with AsyncExitStack() as exits:
        ledger = await open_ledger(exits, settings, load_keys(settings))
        entries = await ledger.show(ORG, limit=10)
    assert [(entry.kind, entry.actor, entry.body) for entry in entries] == [
        ("mode_set", GRACE, f'{{"before":null,"channel":"{OPS}","setting":"council"}}'),
        ("mode_set", GRACE, f'{{"before":"council","channel":"{OPS}","setting":null}}'),
    ]


async def test_who_may_not_approve_sets_nothing(desk: Desk, book: Book) -> None:
    said = await told(desk, "single", user="ada")
    assert "you are none, so nothing was changed" in said
    assert await ChannelModes(book.database).of(ORG, OPS) is None


async def test_a_mode_that_is_none_changes_nothing(desk: Desk, book: Book) -> None:
    assert "There is no mode of that name, so nothing was changed." in await told(desk, "quorum")
    assert await ChannelModes(book.database).of(ORG, OPS) is None


async def test_a_channel_is_configured_by_its_name(desk: Desk) -> None:
    said = await told(desk, channel="C0ALERTS01")
    assert "council, configured for this channel" in said


async def test_orgs_and_channels_are_apart_and_what_is_no_mode_is_not_used(book: Book) -> None:
    modes = ChannelModes(book.database)
    mode = SetMode("single", by=GRACE, at=datetime(2026, 11, 26, tzinfo=UTC))
    await modes.put(ORG, "C1", mode)
    assert await modes.of(ORG, "C1") == mode
    assert await modes.of(ORG, "C2") is None
    assert await modes.of("T2", "C1") is None
    await book.sql("UPDATE channel_modes SET setting = 'quorum'")
    with pytest.raises(LedgerUnavailable, match="none that there is"):
        await modes.of(ORG, "C1")
