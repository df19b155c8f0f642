"""Autonomy as it is configured, in the whole product: what runs alone runs, and no more; production asks."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from bot.blocks.actions import APPROVE
from tests.whole.square import Square
from tests.whole.town import open_town

RULES = {
    "mode": "full_auto",
    "environments": {"staging": "canary_only", "production": "plan_only"},
    "cooldown_seconds": 0,
}


@pytest.fixture(scope="module")
async def unattended(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Square]:
    """A town in which development runs by itself, staging to the canary, and production not at all."""
    async with AsyncExitStack() as exits:
        data = tmp_path_factory.mktemp("unattended")
        town = await exits.enter_async_context(open_town(data, GAVEL_AUTONOMY_DEFAULT=json.dumps(RULES)))
        yield Square(town, await town.serve("both"))


def _changed(before: dict[str, str | None], now: dict[str, str | None]) -> int:
    return sum(now[name] != version for name, version in before.items())


def _buttons(messages: list[dict[str, Any]]) -> bool:
    return any(f"'{APPROVE}'" in str(message["blocks"]) for message in messages)


async def test_where_everything_runs_alone_nobody_is_asked(unattended: Square) -> None:
    before = await unattended.images("development", "worker")
    said = await unattended.say("ada", "ops", "@gavel fix drift in development worker servers")
    card = await unattended.hears(said, "This runs without approval")
    assert "`full_auto`" in str(card["blocks"])
    result = await unattended.result(said)
    assert (result.outcome, result.approvers, result.waiver) == ("completed", [], "full_auto")
    assert _changed(before, await unattended.images("development", "worker")) > 0
    assert not _buttons(unattended.written_to(said))
    (waived,) = await unattended.recorded(said, "approval_waived")
    assert waived["autonomy"]["mode"] == "full_auto"
    assert not await unattended.recorded(said, "approval_requested")


async def test_where_the_canary_runs_alone_the_rest_is_asked_for(unattended: Square) -> None:
    before = await unattended.images("staging", "db")
    said = await unattended.say("ada", "ops", "@gavel fix drift in staging db servers")
    card = await unattended.hears(said, f"'{APPROVE}'", viewer="grace")
    assert "The canary ran without approval" in str(card["blocks"])
    canary = _changed(before, await unattended.images("staging", "db"))
    assert canary > 0
    answer = await unattended.act("click", user="grace", channel=said.channel, message_ts=card["ts"], action_id=APPROVE)
    assert answer["ok"], answer
    result = await unattended.result(said)
    assert result.outcome == "completed"
    assert len(result.approvers) == 1
    assert _changed(before, await unattended.images("staging", "db")) > canary
    assert await unattended.recorded(said, "approval_waived")
    assert await unattended.recorded(said, "approval_requested")


async def test_where_only_plans_are_shown_nothing_runs(unattended: Square) -> None:
    before = await unattended.images("production", "web")
    said = await unattended.say("ada", "ops", "@gavel fix drift in production web servers")
    await unattended.hears(said, "production is plan-only")
    assert (await unattended.result(said)).outcome == "plan_only"
    assert await unattended.images("production", "web") == before
    assert not _buttons(unattended.written_to(said))
    assert await unattended.recorded(said, "plan_shown")
