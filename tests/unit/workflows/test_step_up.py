"""The workflow judges step-up itself, whatever form the decision came through."""

from __future__ import annotations

import pytest
from temporalio.client import Client

from tests.unit.workflows.running import running
from tests.unit.workflows.script import Script


def careful(*, quorum: int = 1) -> Script:
    return Script(quorum=quorum, step_up_reasons=["The request is of critical risk."])


async def test_an_approval_without_the_typed_environment_is_refused_and_told_to_the_clicker(temporal: Client) -> None:
    async with running(temporal, careful()) as task:
        await task.decide("UGRACE")
        assert await task.refused(1) == ["step_up_missing"]
        refusal = task.script.of("refuse_decision")[0]
        assert refusal.user == "UGRACE"
        assert "type it in the form" in refusal.sentence
        assert task.script.of("accept_decision") == task.script.of("run_phase") == []


@pytest.mark.parametrize("typed", ["staging", "Production", "production ", "prod", "yes", "true"])
async def test_an_approval_with_another_word_is_refused(temporal: Client, typed: str) -> None:
    async with running(temporal, careful()) as task:
        await task.decide("UGRACE", step_up=typed)
        assert await task.refused(1) == ["step_up_wrong"]
        assert task.script.of("accept_decision") == task.script.of("run_phase") == []


async def test_after_a_wrong_word_the_right_one_runs_the_plan(temporal: Client) -> None:
    async with running(temporal, careful()) as task:
        await task.decide("UGRACE", step_up="staging")
        await task.decide("UGRACE", step_up="production")
        result = await task.handle.result()
    assert (result.outcome, result.approvers) == ("completed", ["UGRACE"])
    assert [accepted.step_up for accepted in task.script.of("accept_decision")] == ["production"]


async def test_everyone_of_a_quorum_types_it(temporal: Client) -> None:
    async with running(temporal, careful(quorum=2)) as task:
        await task.decide("UGRACE", step_up="production")
        await task.decide("ULINUS")
        assert await task.refused(1) == ["step_up_missing"]
        assert task.script.of("run_phase") == []
        await task.decide("ULINUS", step_up="production")
        assert (await task.handle.result()).approvers == ["UGRACE", "ULINUS"]


async def test_the_right_word_opens_nothing_else(temporal: Client) -> None:
    async with running(temporal, careful()) as task:
        await task.decide("UADA", step_up="production")
        await task.decide("UMALLORY", step_up="production")
        await task.decide("UGRACE", step_up="production", nonce="other")
        assert await task.refused(3) == ["self_approval", "not_in_role", "wrong_nonce"]
        assert task.script.of("run_phase") == []


async def test_a_rejection_needs_no_step_up(temporal: Client) -> None:
    async with running(temporal, careful()) as task:
        await task.decide("UGRACE", "reject")
        assert (await task.handle.result()).outcome == "rejected"
