"""Each guard of an execution, on its own: these fail when just that one is taken out of `executing.py`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio import activity
from temporalio.exceptions import ApplicationError

from bot.delegations.lending import Lending
from bot.workflows import messages as m
from policies.build import open_engine
from policies.bundle import load_bundle
from tests.whole.gated import Moment, Works, open_works
from tests.whole.rollout import GRACE, Change, RealPlan, Task, prepared, run
from tools.contracts.outputs.drift import DriftRemediationPlan
from tools.contracts.taskspec import TimeWindow

LINUS, MALLORY = "U0LINUS001", "U0MALLORY1"
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


async def approved_by_mallory_for_grace(task: Task) -> m.TaskResult:
    task.script.lent = {MALLORY: [GRACE]}
    return await run(task, by=MALLORY)


@pytest.mark.parametrize(
    "held", ["lent and held", "not lent", "lent to another", "lent by another", "lent in another org", "not held"]
)
async def test_a_lent_role_runs_a_plan_as_long_as_it_is_lent_and_whoever_lent_it_holds_it(
    works: Works, held: str
) -> None:
    org, now = works.stack.org, datetime.now(UTC)
    giver, taker = LINUS if held == "lent by another" else GRACE, LINUS if held == "lent to another" else MALLORY
    lending = Lending(giver, taker, now + timedelta(hours=1))
    if held != "not lent":
        await works.bench.delegations.lend("T2" if held == "lent in another org" else org, lending, now=now)
    # Whether or not the one who decided holds a role of their own by now: it was decided by Grace's.
    await works.stage.roles(
        "gavel-approvers", ["linus", "mallory"] if held == "not held" else ["grace", "linus", "mallory"]
    )
    try:
        async with prepared(works) as task:
            result = await approved_by_mallory_for_grace(task)
            if held == "lent and held":
                assert result.outcome == "completed", result.detail
            else:
                assert (result.outcome, await task.journal()) == ("failed", [])
                assert "of the approvers still hold" in result.detail
    finally:
        await works.bench.delegations.revoke(org, giver=giver, taker=taker)


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
        canary, wave = task.ids
        done, undone = (await task.journal())[:2], (await task.journal())[2:]
        assert done == [("rollout", canary), ("rollout", wave)]
        assert undone == [("rollback", wave), ("rollback", canary)]


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


async def test_a_freeze_that_begins_while_a_plan_runs_stops_it_before_its_next_phase(works: Works) -> None:
    now, late = datetime.now(UTC), False
    freeze = {"org": "*", "environment": "production", "reason": "the year's end"}
    span = {"start": (now + timedelta(minutes=30)).isoformat(), "end": (now + timedelta(minutes=50)).isoformat()}
    engine = await open_engine(None, bundle=load_bundle({"freezes": [{**freeze, **span}]}))

    async def hook(_: Task, moment: Moment) -> None:
        nonlocal late
        late = late or before(moment, WAVE)

    async with prepared(works) as task:
        task.bench = replace(
            task.bench,
            rechecks=replace(task.bench.rechecks, engine=engine),
            now=lambda: datetime.now(UTC) + timedelta(minutes=35 if late else 0),
        )
        task.script.policy_digest = await engine.digest()
        result = await run(task, hook)
        canary = task.ids[0]
        assert "production is frozen: the year's end" in result.detail
        assert (result.outcome, await task.journal()) == ("rolled_back", [("rollout", canary), ("rollback", canary)])


async def test_a_freeze_that_is_declared_while_a_phase_runs_stops_the_plan_before_the_next(works: Works) -> None:
    async def hook(task: Task, moment: Moment) -> None:
        if after(moment, CANARY):
            now = datetime.now(UTC)
            span = {"start": now.isoformat(), "end": (now + timedelta(hours=1)).isoformat()}
            body = {"freeze": "V1", "environment": "production", "reason": "an incident", **span}
            await task.bench.ledger.record(
                "change_frozen", body, org=task.request.org, task_id="freeze", actor=GRACE, key="frozen"
            )

    async with prepared(works) as task:
        result = await run(task, hook)
        await task.bench.ledger.record(
            "change_thawed", {"freeze": "V1"}, org=task.request.org, task_id="freeze", actor=GRACE, key="thawed"
        )
        canary = task.ids[0]
        assert "production is frozen: an incident" in result.detail
        assert (result.outcome, await task.journal()) == ("rolled_back", [("rollout", canary), ("rollback", canary)])


async def test_what_does_not_hold_any_more_after_a_pause_stops_the_run(works: Works) -> None:
    async def hook(task: Task, moment: Moment) -> None:
        if after(moment, CANARY):
            await task.control(GRACE, "pause")
            asyncio.get_running_loop().call_later(2, resume, task)

    def resume(task: Task) -> None:
        resuming.append(asyncio.ensure_future(somebody_stops_a_machine_and_grace_resumes(task)))

    async def somebody_stops_a_machine_and_grace_resumes(task: Task) -> None:
        await task.estate.set_state(task.request.org, task.ids[1], "stopped")
        await task.control(GRACE, "resume")

    resuming = list[asyncio.Future[None]]()
    async with prepared(works) as task:
        result = await run(task, hook)
        canary, wave = task.ids
        assert f"{wave} changed since the plan was approved" in result.detail
        assert await task.journal() == [("rollout", canary), ("rollback", canary)]
        kinds = [len(await task.ledger(kind)) for kind in ("run_paused", "run_resumed", "phase_started")]
        assert kinds == [1, 1, 1]


async def test_a_plan_that_is_not_the_one_that_was_judged_is_not_run(works: Works) -> None:
    @dataclass
    class Swapped(RealPlan):
        @activity.defn(name="judge")
        async def judge(self, message: m.JudgeInput) -> m.Judged:
            judged = await super().judge(message)
            return replace(judged, report=judged.report.model_copy(update={"plan_digest": "sha256:" + "1" * 64}))

    async with prepared(works) as task:
        same = {spec.name: getattr(task.script, spec.name) for spec in fields(task.script)}
        task.script = Swapped(**same)
        result = await run(task)
        assert "not the plan that was judged" in result.detail
        assert (result.outcome, await task.journal()) == ("failed", [])


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
