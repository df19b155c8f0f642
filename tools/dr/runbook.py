"""`generate_dr_runbook`: the steps of a drill or failover, with today's figures and the exact calls."""

from __future__ import annotations

from math import ceil

from tools.base import ToolContext, ToolError
from tools.contracts.common import digest_of
from tools.contracts.estate import Asset
from tools.contracts.plan import AssetExpectation
from tools.dr.facts import PairFacts, pair_facts
from tools.dr.models import (
    CheckRtoInput,
    FailoverCheck,
    GenerateDrRunbookInput,
    GenerateDrRunbookOutput,
    RunbookStep,
    SimulateFailoverOutput,
    StepKind,
    TriggerDrDrillInput,
    TriggerDrFailoverInput,
)
from tools.dr.objectives import Part, last_passed_test
from tools.dr.simulation import simulated
from tools.dr.status import days_since, rounded, rpo_of, rto_of
from tools.fields import clipped
from tools.resources import observe

STEP_TITLES = {
    "stop_writes": "Stop writes at the primary site",
    "replay": "Replay what has been received",
    "start_machines": "Start the machines at the recovery site",
    "switch_traffic": "Switch traffic",
    "verify": "Verify the service",
}


async def generate_dr_runbook(given: GenerateDrRunbookInput, context: ToolContext) -> GenerateDrRunbookOutput:
    """A pure function of the parameters and today's rows; nothing is changed."""
    facts = await pair_facts(given.dr_pair_id, context, environment=given.environment)
    if not facts.primary:
        raise ToolError(
            f"No runbook was written. No machine of {facts.pair.environment} runs in {facts.pair.primary_site_id}:"
            " there is nothing to recover."
        )
    simulation = await simulated(facts, context)
    loss = _agreed_loss(facts) if given.kind == "failover" else None
    org, pair, passed = context.caller.org, facts.pair, last_passed_test(facts.runs)
    seen = await observe(context.estate, org, "dr_pair", pair.id)
    sites = [pair.primary_site_id, pair.dr_site_id]
    window = await context.estate.maintenance_window(org, pair.environment, sites)
    draft = GenerateDrRunbookOutput(
        runbook_id="runbook",
        dr_pair_id=facts.pair.id,
        kind=given.kind,
        environment=facts.pair.environment,
        from_site_id=facts.pair.primary_site_id,
        to_site_id=facts.pair.dr_site_id,
        asset_ids=facts.asset_ids,
        steps=_steps(facts, simulation, loss=loss),
        estimated_minutes=rounded(facts.away.minutes),
        max_data_loss_minutes=loss,
        not_passed=simulation.not_passed,
        simulation_id=simulation.simulation_id,
        predicted_data_loss_minutes=simulation.predicted_data_loss_minutes,
        predicted_downtime_minutes=simulation.predicted_downtime_minutes,
        rpo=rpo_of(facts),
        rto=rto_of(facts),
        last_passed_test_at=passed.at if passed else None,
        days_since_passed_test=days_since(passed, facts.now),
        traffic="primary" if seen.state == "primary" else "recovery",
        fingerprint=seen.fingerprint,
        expectations=[_as_it_is(asset) for asset in facts.primary],
        maintenance_window=window,
    )
    content = digest_of({"org": context.caller.org, "task": context.task_id, "runbook": draft.model_dump(mode="json")})
    runbook = draft.model_copy(update={"runbook_id": f"runbook-{content.removeprefix('sha256:')[:16]}"})
    await context.plans.put(context.caller.org, context.task_id, runbook.runbook_id, runbook.model_dump(mode="json"))
    return runbook


def _as_it_is(asset: Asset) -> AssetExpectation:
    version = asset.image_version or ""
    return AssetExpectation(asset_id=asset.id, fingerprint=asset.fingerprint, from_version=version, to_version=version)


def _agreed_loss(facts: PairFacts) -> int:
    """Raises `ToolError` when today's loss is not known: nobody could agree to it."""
    if facts.loss.minutes is None:
        raise ToolError(
            f"No runbook was written. How much data a failover of {facts.pair.id} loses is not known:"
            f" {facts.loss.reason}."
        )
    return ceil(facts.loss.minutes)


def _steps(facts: PairFacts, simulation: SimulateFailoverOutput, *, loss: int | None) -> list[RunbookStep]:
    pair, environment = facts.pair, facts.pair.environment
    open_checks = [check for check in simulation.checks if check.result != "passed"]
    steps = [_precondition(check) for check in open_checks]
    observed = [_observed(part) for part in facts.away.parts]
    compare = _step("decide", "Compare the measured time with the objective").model_copy(
        update={"tool": "check_rto", "params": CheckRtoInput(dr_pair_id=pair.id, environment=environment)}
    )
    if loss is None:
        drill = TriggerDrDrillInput(dr_pair_id=pair.id, asset_ids=facts.asset_ids, environment=environment)
        run = _step("run", "Drill: test the recovery site; traffic stays")
        run = run.model_copy(update={"tool": "trigger_dr_drill", "params": drill})
        steps += [run, *observed, compare]
    else:
        over = TriggerDrFailoverInput(
            dr_pair_id=pair.id, asset_ids=facts.asset_ids, environment=environment, max_data_loss_minutes=loss
        )
        run = _step("run", f"Fail over to {pair.dr_site_id}")
        run = run.model_copy(update={"tool": "trigger_dr_failover", "params": over})
        back = _step("return", f"Back to {pair.primary_site_id}")
        rollback = over.model_copy(update={"rollback": True})
        steps += [run, *observed, compare, back.model_copy(update={"tool": run.tool, "params": rollback})]
    return [step.model_copy(update={"order": order}) for order, step in enumerate(steps, start=1)]


def _step(kind: StepKind, title: str) -> RunbookStep:
    return RunbookStep(
        order=1,
        kind=kind,
        title=clipped(title, at_most=200),
        estimated_minutes=None,
        basis="",
        tool=None,
        params=None,
    )


def _precondition(check: FailoverCheck) -> RunbookStep:
    step = _step("precondition", f"{check.name}: {check.required}")
    return step.model_copy(update={"basis": clipped(f"{check.result}: {check.observed}", at_most=200)})


def _observed(part: Part) -> RunbookStep:
    step = _step("observe", STEP_TITLES[part.step])
    return step.model_copy(
        update={"estimated_minutes": round(part.minutes, 3), "basis": clipped(part.basis, at_most=200)}
    )
