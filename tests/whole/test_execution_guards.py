"""Each guard of an execution, on its own: these fail when just that one is taken out of `executing.py`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError

from tests.whole.gated import Moment, Works, open_works
from tests.whole.rollout import GRACE, Change, Task, prepared, run
from tools.contracts.outputs.drift import DriftRemediationPlan
from tools.contracts.taskspec import TimeWindow

CANARY, WAVE = 0, 2
"""Of the plan's phases; between them is a pause."""


@pytest.fixture(scope="module")
async def shared_works(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Works]:
    async with open_works(tmp_path_factory.mktemp("works")) as opened:
        yield opened


@pytest.fixture
async def works(shared_works: Works) -> AsyncGenerator[Works]:
    yield shared_works
    await shared_works.stage.roles("gavel-approvers", ["grace", "linus"])


def before(moment: Moment, index: int, *, attempt: int = 1) -> bool:
    """Whether this attempt at this phase is about to begin."""
    return _is(moment, index, attempt) and not moment.over


def after(moment: Moment, index: int, *, attempt: int = 1) -> bool:
    """Whether this attempt at this phase has done everything but report."""
    return _is(moment, index, attempt) and moment.over


def _is(moment: Moment, index: int, attempt: int) -> bool:
    return moment.step == "run_phase" and moment.input.index == index and moment.attempt == attempt


async def nobody_approves_any_more(task: Task) -> None:
    await task.works.stage.roles("gavel-approvers", [])


async def somebody_rolls_out(task: Task, asset: str) -> None:
    await task.estate.apply_image(
        task.request.org, [asset], task.script.golden.id, idempotency_key="somebody else's", kind="rollout"
    )


async def somebody_rolls_back(task: Task, asset: str) -> None:
    action = next(action for action in task.script.plan(task.request, 1).rollback.actions if asset in action.asset_ids)
    await task.estate.apply_image(
        task.request.org,
        [asset],
        action.params["target_image_id"],
        idempotency_key="somebody else's",
        kind="rollback",
    )


async def test_a_plan_runs_when_all_is_as_approved(works: Works) -> None:
    async with prepared(works) as task:
        result = await run(task)
        assert result.outcome == "completed"
        assert await task.journal() == [("rollout", asset) for asset in task.ids]


async def test_an_asset_that_changed_after_the_approval_stops_the_plan_before_it_starts(works: Works) -> None:
    async def hook(task: Task, moment: Moment) -> None:
        if before(moment, CANARY):
            await task.estate.set_state(task.request.org, task.ids[1], "stopped")

    async with prepared(works) as task:
        result = await run(task, hook)
        assert (result.outcome, await task.journal()) == ("failed", [])
        assert f"{task.ids[1]} changed since the plan was approved" in result.detail


async def test_an_asset_that_changed_between_two_phases_stops_the_second_and_undoes_the_first(works: Works) -> None:
    async def hook(task: Task, moment: Moment) -> None:
        if before(moment, WAVE):
            await somebody_rolls_out(task, task.ids[1])

    async with prepared(works) as task:
        result = await run(task, hook)
        canary, wave = task.ids
        assert await task.journal() == [("rollout", canary), ("rollout", wave), ("rollback", canary)]
        assert result.outcome == "rolled_back"


async def test_a_finished_asset_that_is_not_as_the_plan_left_it_stops_the_next_phase(works: Works) -> None:
    async def hook(task: Task, moment: Moment) -> None:
        if before(moment, WAVE):
            await somebody_rolls_back(task, task.ids[0])

    async with prepared(works) as task:
        result = await run(task, hook)
        canary = task.ids[0]
        assert f"{canary} changed since the plan was approved" in result.detail
        assert await task.journal() == [("rollout", canary), ("rollback", canary), ("rollback", canary)]


async def test_what_somebody_else_changed_to_the_target_between_two_attempts_is_not_as_approved(works: Works) -> None:
    async def hook(task: Task, moment: Moment) -> None:
        if before(moment, CANARY):
            raise ApplicationError("The worker died before it began.")
        if before(moment, CANARY, attempt=2):
            await somebody_rolls_out(task, task.ids[0])

    async with prepared(works) as task:
        result = await run(task, hook)
        assert f"{task.ids[0]} changed since the plan was approved" in result.detail
        assert (result.outcome, await task.journal()) == ("failed", [("rollout", task.ids[0])])


async def test_what_an_attempt_changed_before_it_died_is_as_approved_and_not_changed_again(works: Works) -> None:
    async def hook(_: Task, moment: Moment) -> None:
        if after(moment, CANARY) or after(moment, WAVE):
            raise ApplicationError("The worker died before it could report.")

    async with prepared(works) as task:
        result = await run(task, hook)
        assert result.outcome == "completed"
        assert await task.journal() == [("rollout", asset) for asset in task.ids]


async def test_what_an_attempt_began_is_undone_when_the_next_may_not_go_on(works: Works) -> None:
    async def hook(task: Task, moment: Moment) -> None:
        if after(moment, CANARY):
            await nobody_approves_any_more(task)
            raise ApplicationError("The worker died before it could report.")

    async with prepared(works) as task:
        result = await run(task, hook)
        assert result.outcome == "rolled_back"
        assert await task.journal() == [("rollout", task.ids[0]), ("rollback", task.ids[0])]


async def test_a_phase_that_is_given_up_is_undone_as_far_as_it_came(works: Works) -> None:
    async def hook(_: Task, moment: Moment) -> None:
        if after(moment, WAVE):
            raise ApplicationError("It took too long.", non_retryable=True)

    async with prepared(works) as task:
        result = await run(task, hook)
        assert (result.outcome, "It took too long." in result.detail) == ("rolled_back", True)
        done, undone = (await task.journal())[:2], (await task.journal())[2:]
        assert done == [("rollout", asset) for asset in task.ids]
        assert sorted(undone) == sorted(("rollback", asset) for asset in task.ids)


async def test_a_phase_that_is_given_up_before_it_began_leaves_its_assets_alone(works: Works) -> None:
    async def hook(_: Task, moment: Moment) -> None:
        if before(moment, CANARY):
            raise ApplicationError("It took too long.", non_retryable=True)

    async with prepared(works) as task:
        result = await run(task, hook)
        assert "No change had been begun" in result.detail
        assert await task.journal() == []


@pytest.mark.parametrize("phase", [CANARY, WAVE])
async def test_an_approver_who_lost_the_role_stops_the_next_phase(works: Works, phase: int) -> None:
    async def hook(task: Task, moment: Moment) -> None:
        if before(moment, phase):
            await nobody_approves_any_more(task)

    async with prepared(works) as task:
        result = await run(task, hook)
        canary = task.ids[0]
        undone = [("rollout", canary), ("rollback", canary)]
        assert await task.journal() == ([] if phase == CANARY else undone)
        assert result.outcome == ("failed" if phase == CANARY else "rolled_back")
        assert "approver" in result.detail


def past_its_window(plan: DriftRemediationPlan) -> DriftRemediationPlan:
    now = datetime.now(UTC)
    over = TimeWindow(start=now - timedelta(hours=2), end=now - timedelta(hours=1))
    return plan.model_copy(update={"maintenance_window": over})


async def test_a_plan_past_its_maintenance_window_is_not_run(works: Works) -> None:
    async with prepared(works, change=past_its_window) as task:
        result = await run(task)
        assert (result.outcome, await task.journal()) == ("failed", [])
        assert "window" in result.detail


async def test_a_plan_that_was_approved_under_other_policies_is_not_run(works: Works) -> None:
    async with prepared(works) as task:
        task.script.policy_digest = "sha256:" + "0" * 64
        result = await run(task)
        assert (result.outcome, await task.journal()) == ("failed", [])
        assert "polic" in result.detail


def reaching_beyond_the_canary(plan: DriftRemediationPlan) -> DriftRemediationPlan:
    """The canary's action changes every asset of the plan, whatever its phase says."""
    canary = plan.phases[CANARY]
    params = {**canary.actions[0].params, "asset_ids": plan.asset_ids}
    actions = [canary.actions[0].model_copy(update={"params": params})]
    return plan.model_copy(update={"phases": [canary.model_copy(update={"actions": actions}), *plan.phases[1:]]})


def with_another_tool(plan: DriftRemediationPlan) -> DriftRemediationPlan:
    canary = plan.phases[CANARY]
    actions = [canary.actions[0].model_copy(update={"tool": "execute_rollout_nonprod"})]
    return plan.model_copy(update={"phases": [canary.model_copy(update={"actions": actions}), *plan.phases[1:]]})


@pytest.mark.parametrize("change", [reaching_beyond_the_canary, with_another_tool])
async def test_a_phase_changes_nothing_beyond_its_own_assets_and_environment(works: Works, change: Change) -> None:
    async with prepared(works, change=change) as task:
        result = await run(task)
        assert (result.outcome, await task.journal()) == ("rolled_back", [])


async def test_every_change_is_announced_with_the_grant_it_is_made_under(works: Works) -> None:
    async with prepared(works) as task:
        result = await run(task)
        announced = [body for body in await task.ledger("tool_called") if body["stage"] == "intent"]
        assert [body["params"]["asset_ids"] for body in announced] == [[asset] for asset in task.ids]
        assert {(body["plan_digest"], *body["approvers"]) for body in announced} == {(result.plan_digest, GRACE)}
