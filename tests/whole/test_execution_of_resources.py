"""Plans that change no machine: images that are built and promoted, and recovery pairs. Through the same path."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime

import pytest
from temporalio.exceptions import ApplicationError

from bot.workflows.activities.executing import Executing
from tests.whole.gated import Moment, Works, open_works
from tests.whole.rollout import ADA, Change, Task, prepared, run
from tools.base import ToolCall
from tools.connectors.base import AssetQuery
from tools.connectors.recovery import PairQuery
from tools.contracts.common import JsonObject
from tools.contracts.identity import Caller
from tools.contracts.outputs.drift import DriftRemediationPlan
from tools.contracts.pipeline import ImageContract
from tools.contracts.plan import (
    Action,
    AssetExpectation,
    Phase,
    ResourceCheck,
    ResourceExpectation,
    Rollback,
)
from tools.resources import observe

BUILD, TO_DEV, STAGE = 0, 1, 2


@pytest.fixture(scope="module")
async def works(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Works]:
    async with open_works(tmp_path_factory.mktemp("works")) as opened:
        yield opened


async def contract_of(works: Works) -> JsonObject:
    """Of the next web image, as the tool writes it."""
    org = works.stack.org
    call = ToolCall(
        id="contract",
        tool="generate_image_contract",
        params={"name": "web-base", "os": "ubuntu 24.04", "purpose": "web servers"},
        caller=Caller(org=org, user=ADA, roles=["operator"], channel="COPS"),
        task_id="drawing",
        allowed_tools=frozenset({"generate_image_contract"}),
        environment="staging",
    )
    result = await works.bench.dispatcher().dispatch(call)
    assert result.output is not None, result.failure
    contract: JsonObject = result.output["contract"]
    return contract


def image_of(contract: JsonObject) -> str:
    return f"img-{contract['family']}-{contract['version']}"


async def image_plan(works: Works, *, note: str = "Nothing runs an image before a rollout.") -> tuple[str, Change]:
    """Build it, promote it to dev, then to staging. The image's id, and the plan."""
    contract = await contract_of(works)
    image = image_of(contract)
    seen = await observe(works.estate, works.stack.org, "image", image)

    def step(name: str, tool: str, params: JsonObject, kind: str = "wave") -> Phase:
        action = Action(id=name, tool=tool, params={**params, "asset_ids": []}, asset_ids=[], resource_ids=[image])
        checks = [ResourceCheck(kind="as_expected", resource_id=image, timeout_seconds=5)]
        checks += [ResourceCheck(kind="image_fit", resource_id=image, timeout_seconds=5)]
        return Phase.model_validate(
            {"name": name, "type": kind, "actions": [action.model_dump()], "resource_checks": checks}
        )

    phases = [
        step("Build", "build_image", {"contract": contract}, "canary"),
        step("To dev", "promote_image_nonprod", {"image_id": image, "to_status": "dev"}),
        step("To staging", "promote_image_nonprod", {"image_id": image, "to_status": "staging"}),
    ]
    expected = ResourceExpectation(
        kind="image", id=image, fingerprint=seen.fingerprint, from_state="absent", to_state="staging"
    )
    return image, changed(phases, [expected], note=note)


def changed(
    phases: Sequence[Phase],
    resources: Sequence[ResourceExpectation],
    *,
    environment: str = "staging",
    assets: Sequence[AssetExpectation] = (),
    rollback: Sequence[Action] = (),
    note: str = "",
) -> Change:
    """The scripted plan with other contents."""

    def change(plan: DriftRemediationPlan) -> DriftRemediationPlan:
        return plan.model_copy(
            update={
                "environment": environment,
                "asset_ids": [row.asset_id for row in assets],
                "expectations": list(assets),
                "phases": list(phases),
                "resources": list(resources),
                "rollback": Rollback(conditions=[], actions=list(rollback), note=note),
            }
        )

    return change


def before(moment: Moment, index: int) -> bool:
    return moment.step == "run_phase" and moment.input.index == index and not moment.over and moment.attempt == 1


async def status(task: Task, image: str) -> str:
    return (await observe(task.estate, task.request.org, "image", image)).state


async def test_an_image_is_built_and_promoted_step_by_step(works: Works) -> None:
    image, change = await image_plan(works)
    async with prepared(works, change=change) as task:
        result = await run(task)
        assert (result.outcome, await status(task, image)) == ("completed", "staging")
        assert image in result.detail
        announced = [body for body in await task.ledger("tool_called") if body["stage"] == "intent"]
        assert [body["tool"] for body in announced] == ["build_image", *["promote_image_nonprod"] * 2]
        finished = [body["resources"] for body in await task.ledger("phase_finished")]
        assert finished == [[image]] * 3


async def test_an_image_that_somebody_built_between_approval_and_run_stops_it(works: Works) -> None:
    image, change = await image_plan(works)

    async def hook(task: Task, moment: Moment) -> None:
        if before(moment, BUILD):
            params = task.script.plan(task.request, 1).phases[BUILD].actions[0].params
            contract = ImageContract.model_validate(params["contract"])
            await task.estate.build_image(task.request.org, contract, idempotency_key="somebody else's")

    async with prepared(works, change=change) as task:
        result = await run(task, hook)
        assert f"{image} changed since the plan was approved" in result.detail
        assert (result.outcome, await status(task, image)) == ("failed", "draft")


async def test_an_image_that_somebody_promoted_between_two_phases_stops_the_next(works: Works) -> None:
    image, change = await image_plan(works)

    async def hook(task: Task, moment: Moment) -> None:
        if before(moment, STAGE):
            await task.estate.promote_image(task.request.org, image, "staging", idempotency_key="somebody else's")

    async with prepared(works, change=change) as task:
        result = await run(task, hook)
        assert f"{image} changed since the plan was approved" in result.detail
        # What ran is reported with why it stays: there is no way back from a build, and the plan said so.
        assert (result.outcome, await status(task, image)) == ("rolled_back", "staging")
        assert f"Left as they are: {image}. Nothing runs an image before a rollout." in result.detail


def is_of_unknown_make(image: str) -> Callable[[Task, Moment], Awaitable[None]]:
    """From before the first promotion on nobody knows its packages, so no scan of it says anything. Its fingerprint
    does not tell, and outside production the tool lets pass what is not known."""

    async def hook(task: Task, moment: Moment) -> None:
        if before(moment, TO_DEV):
            with closing(sqlite3.connect(task.file)) as connection, connection:
                changed = connection.execute("DELETE FROM image_packages WHERE image_id = ?", [image])
                assert changed.rowcount > 0

    return hook


async def test_what_the_image_rules_refuse_by_now_is_not_promoted(works: Works) -> None:
    """At planning the image did not exist: of its promotions nothing was judged before this."""
    image, change = await image_plan(works)
    async with prepared(works, change=change) as task:
        result = await run(task, is_of_unknown_make(image))
        assert "the image was not scanned" in result.detail
        assert await status(task, image) == "draft"
        announced = [body["tool"] for body in await task.ledger("tool_called") if body["stage"] == "intent"]
        assert announced == ["build_image"]


async def test_without_asking_the_image_rules_before_the_phase_it_would_be_promoted(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody_asks(*_: object) -> None:
        return None

    monkeypatch.setattr(Executing, "_unfit", nobody_asks)
    image, change = await image_plan(works)
    async with prepared(works, change=change) as task:
        result = await run(task, is_of_unknown_make(image))
        assert (result.outcome, await status(task, image)) == ("completed", "staging")


async def test_without_a_word_on_the_way_back_what_was_changed_is_named_as_a_failure(works: Works) -> None:
    image, change = await image_plan(works, note="")

    async def hook(_: Task, moment: Moment) -> None:
        if before(moment, STAGE):
            raise ApplicationError("It took too long.", non_retryable=True)

    async with prepared(works, change=change) as task:
        result = await run(task, hook)
        assert result.outcome == "failed"
        assert f"{image}: no rollback was approved for it" in result.detail


async def test_what_an_attempt_built_before_it_died_is_not_built_again(works: Works) -> None:
    image, change = await image_plan(works)

    async def hook(_: Task, moment: Moment) -> None:
        if moment.step == "run_phase" and moment.over and moment.attempt == 1:
            raise ApplicationError("The worker died before it could report.")

    async with prepared(works, change=change) as task:
        result = await run(task, hook)
        assert (result.outcome, await status(task, image)) == ("completed", "staging")


async def dr_plan(works: Works, *, tool: str) -> tuple[str, Change]:
    """A drill, or a failover with its way back, of a pair that is fit for it."""
    org, estate = works.stack.org, works.estate
    pairs, _ = await estate.dr_pairs(org, PairQuery(), limit=20, cursor=None)
    for pair in pairs:
        query = AssetQuery(environment="production", sites=[pair.primary_site_id], state="running")
        assets, _ = await estate.assets(org, query, limit=500, cursor=None)
        ids = [asset.id for asset in assets]
        params = {"dr_pair_id": pair.id, "asset_ids": ids, "environment": "production"}
        if tool == "trigger_dr_failover":
            params |= {"max_data_loss_minutes": 10_000}
        seen = await observe(estate, org, "dr_pair", pair.id)
        if pair.replication_status != "in-sync":
            continue
        action = Action(id="move", tool=tool, params=params, asset_ids=ids, resource_ids=[pair.id])
        back = action.model_copy(update={"id": "back", "params": {**params, "rollback": True}})
        checks = [ResourceCheck(kind="as_expected", resource_id=pair.id, timeout_seconds=2)]
        phases = [
            Phase(name="Run", type="canary", asset_ids=ids, actions=[action], resource_checks=checks),
            Phase(
                name="Measure",
                type="verify",
                resource_checks=[ResourceCheck(kind="rto_met", resource_id=pair.id, timeout_seconds=2)],
            ),
        ]
        over = "recovery" if tool == "trigger_dr_failover" else "primary"
        expected = ResourceExpectation(
            kind="dr_pair", id=pair.id, fingerprint=seen.fingerprint, from_state="primary", to_state=over
        )
        rows = [
            AssetExpectation(
                asset_id=asset.id,
                fingerprint=asset.fingerprint,
                from_version=asset.image_version or "",
                to_version=asset.image_version or "",
            )
            for asset in assets
        ]
        return pair.id, changed(
            phases,
            [expected],
            environment="production",
            assets=rows,
            rollback=[back] if tool == "trigger_dr_failover" else [],
            note="" if tool == "trigger_dr_failover" else "A drill moves no traffic.",
        )
    raise AssertionError("the sample estate has no pair that is in sync")


async def test_a_drill_runs_and_is_on_record_in_the_estate(works: Works) -> None:
    pair, change = await dr_plan(works, tool="trigger_dr_drill")
    async with prepared(works, change=change) as task:
        result = await run(task)
        runs = await task.estate.dr_runs(task.request.org, pair, limit=1)
        assert runs[0].kind == "drill"
        assert runs[0].at > datetime(2026, 1, 1, tzinfo=UTC)
        assert result.outcome in ("completed", "rolled_back"), result.detail


async def test_a_failover_that_is_cancelled_moves_traffic_back(works: Works) -> None:
    pair, change = await dr_plan(works, tool="trigger_dr_failover")

    async def hook(_: Task, moment: Moment) -> None:
        if before(moment, 1):
            raise ApplicationError("It took too long.", non_retryable=True)

    async with prepared(works, change=change) as task:
        result = await run(task, hook)
        runs = await task.estate.dr_runs(task.request.org, pair, limit=2)
        assert result.outcome == "rolled_back", result.detail
        assert [row.kind for row in runs] == ["failback", "failover"]
        assert f"Put back: {pair}." in result.detail
        assert (await observe(task.estate, task.request.org, "dr_pair", pair)).state == "primary"


async def test_a_drill_that_somebody_else_ran_since_the_approval_stops_ours(works: Works) -> None:
    pair, change = await dr_plan(works, tool="trigger_dr_drill")

    async def hook(task: Task, moment: Moment) -> None:
        if before(moment, 0):
            await task.estate.run_drill(task.request.org, pair, idempotency_key="somebody else's")

    async with prepared(works, change=change) as task:
        result = await run(task, hook)
        assert f"{pair} changed since the plan was approved" in result.detail
        assert result.outcome == "failed"
