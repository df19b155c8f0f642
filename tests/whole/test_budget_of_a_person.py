"""A budget that is used up stops the task in words, before anything is asked. One that nearly is, is told of once."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from agents.orchestrator.budget import Amount
from agents.orchestrator.prices import PriceBook
from bot.budgets.limits import Limit, Limits
from bot.budgets.purse import SqlPurse
from bot.clock import utc_now
from tests.unit.local_slack.harness import GRACE
from tests.unit.orchestrator.parts import request
from tests.whole.square import Square
from tests.whole.town import open_town

GRACES = 1_000_000


@pytest.fixture
async def square(tmp_path: Path) -> AsyncGenerator[Square]:
    people = f'{{"{GRACE}": {{"tokens": {GRACES}}}}}'
    limits = {"GAVEL_BUDGETS_PERSON_TOKENS": "4000", "GAVEL_BUDGETS_ORG_USD": "1", "GAVEL_BUDGETS_PEOPLE": people}
    async with open_town(tmp_path, **limits) as town:
        yield Square(town, await town.serve("both"))


async def test_a_budget_is_told_of_and_then_kept(square: Square) -> None:
    said = await square.say("ada", "ops", "@gavel production web servers have drifted, fix it")
    last = await square.hears(said, "does not allow it", seconds=90)
    for words in ("No model was asked for it", "nothing was changed", "budgets.person_tokens"):
        assert words in str(last["blocks"]), last
    assert (await square.result(said)).outcome == "failed"
    assert await square.recorded(said, "llm_called") == []

    await almost_used_up(square)
    asked = await square.say("grace", "ops", "@gavel production web servers have drifted, fix it")
    await square.hears(asked, "Approve", viewer="grace", seconds=90)
    told = [message for message in square.written_to(asked) if "is 80% used" in message["text"]]
    assert len({message["ts"] for message in told}) == 1
    assert "The budget for today of the person who asks" in told[0]["text"]


async def almost_used_up(square: Square) -> None:
    """All but a few tokens of four fifths of Grace's budget are spent, as the product counts it."""
    purse = SqlPurse(square.town.ledger.database, Limits(person=Limit(tokens=GRACES)), PriceBook(), now=utc_now)
    spent = replace(request(), org=square.town.stack.org, user=GRACE)
    await purse.settle("nothing", spent, Amount(GRACES * 8 // 10 - 10, 0))
