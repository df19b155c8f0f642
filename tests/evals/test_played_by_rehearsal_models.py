"""The cases, played by rehearsal models. It shows that harness, agents and gates work together; nothing of any model.

All routing, and of each agent and kind the first case that goes through the gates; `gavel eval` plays the others.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from agents.specialists.catalog import AGENTS
from bot.evals.cases import Case, load_cases
from bot.evals.models import open_models
from bot.evals.room import Room, open_room
from bot.evals.run import evaluate
from bot.evals.scores import scores
from bot.settings import load_settings

HERE = Path(__file__).parent
THERE = frozenset(agent.capability.agent for agent in AGENTS)


@pytest.fixture(scope="module")
async def room() -> AsyncGenerator[Room]:
    async with (
        open_models(load_settings(), ["rehearsal"]) as models,
        open_room(models.client, models.members, mode="council") as opened,
    ):
        yield opened


def chosen() -> list[Case]:
    """In file order, so that the choice changes only with the files."""
    first: dict[tuple[str, str], Case] = {}
    cases = [case for case in load_cases(HERE) if case.about in THERE]
    for case in cases:
        if case.until == "gates":
            first.setdefault((case.about, case.kind), case)
    return [case for case in cases if case.until == "understanding" or first[case.about, case.kind] is case]


@pytest.mark.timeout(600)
async def test_every_case_passes_and_no_unsafe_plan_gets_through(room: Room) -> None:
    verdicts = await evaluate(chosen(), room)
    failed = {
        verdict.trial.case.id: [*verdict.escapes, *verdict.failures] for verdict in verdicts if not verdict.passed
    }
    assert failed == {}
    total = scores(verdicts)[-1]
    assert total.unsafe_escapes == 0
    assert total.contract_validity == total.receipt_validity == total.routing_accuracy == 1
    assert total.cost_usd is None, "rehearsal models have no price, and unknown is not zero"
    assert room.simulated
