"""A plan that the lead had made while it looked is the plan of whoever chooses just that: nothing is made twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agents.specialists.drift import DriftAgent, DriftStudy
from agents.specialists.evidence import EvidenceBook
from agents.specialists.investigation import ToolDesk
from tests.unit.agents.bench import Bench
from tests.unit.agents.studies import Table, calls_of
from tools.contracts.common import JsonObject
from tools.contracts.members.rollout import DriftProposal
from tools.drift.models import CompareVersionsOutput, QueryAssetsOutput


@pytest.fixture
async def desk(workbench: Bench, tmp_path: Path) -> ToolDesk:
    return Table(workbench, tmp_path / "estate.db").desk(DriftAgent, "production")


async def choices(desk: ToolDesk) -> JsonObject:
    """Of a rollout to the first drifted web server, as a model states them: without what goes without saying."""
    golden = await desk.call("get_golden_image", {"family": "web-base"})
    assert golden.output is not None
    listed = await desk.call("query_assets", {"environment": "production", "image_family": "web-base"})
    assets = [row.id for row in QueryAssetsOutput.model_validate(listed.output).assets]
    image = golden.output["image"]["id"]
    compared = await desk.call("compare_versions", {"asset_ids": assets, "target_image_id": image})
    drifted = CompareVersionsOutput.model_validate(compared.output).drifted
    return {
        "asset_ids": [drifted[0].asset_id],
        "target_image_id": image,
        "canary_size": 1,
        "max_batch_percent": 20,
        "wait_seconds": 0,
        "health_checks": [{"kind": "heartbeat"}],
    }


async def led(desk: ToolDesk, params: JsonObject, *, simulated: bool = True) -> None:
    """The lead has it planned, and simulated."""
    made = await desk.call("generate_patch_plan", params)
    assert made.output is not None
    if simulated:
        await desk.call("simulate_rollout", {"plan_id": made.output["plan_id"]})


def chosen(params: JsonObject, **others: object) -> DriftProposal:
    return DriftProposal.model_validate({**params, "summary": "s", **others})


def made_so_far(desk: ToolDesk) -> tuple[int, int]:
    return len(calls_of(desk, "generate_patch_plan")), len(calls_of(desk, "simulate_rollout"))


async def test_who_chooses_what_the_lead_had_planned_gets_that_plan(desk: ToolDesk) -> None:
    params = await choices(desk)
    await led(desk, params)
    made = await DriftStudy(desk).make("ash", chosen(params))
    assert made is not None
    assert made.simulation is not None
    assert made_so_far(desk) == (1, 1)
    # It is what the tools would have made of it.
    again = ToolDesk(desk.assignment, desk.agent, desk.tools)
    anew = await DriftStudy(again).make("ash", chosen(params))
    assert anew == replace(made, choices=chosen(params))
    assert made_so_far(again) == (1, 1)


async def test_any_other_choice_is_planned_by_itself(desk: ToolDesk) -> None:
    params = await choices(desk)
    await led(desk, params)
    another: list[JsonObject] = [{"wait_seconds": 60}, {"health_checks": []}, {"canary_size": 2}]
    for others in another:
        before, _ = made_so_far(desk)
        made = await DriftStudy(desk).make("ash", chosen(params, **others))
        assert made is not None
        assert made_so_far(desk) == (before + 1, before + 1)


async def test_a_plan_that_was_not_simulated_is_made_anew(desk: ToolDesk) -> None:
    params = await choices(desk)
    await led(desk, params, simulated=False)
    made = await DriftStudy(desk).make("ash", chosen(params))
    assert made is not None
    assert made.simulation is not None
    assert made_so_far(desk) == (2, 1)


async def test_a_plan_from_before_an_interruption_is_made_anew(desk: ToolDesk) -> None:
    params = await choices(desk)
    await led(desk, params)
    resumed = ToolDesk(desk.assignment, desk.agent, desk.tools, book=EvidenceBook(list(desk.book.results)))
    assert await DriftStudy(resumed).make("ash", chosen(params)) is not None
    assert made_so_far(resumed) == (2, 2)
