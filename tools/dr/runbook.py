"""`generate_dr_runbook`: the steps of a drill or failover, with today's figures and the exact calls."""

from __future__ import annotations

from math import ceil

from tools.base import ToolContext, ToolError
from tools.contracts.common import JsonObject, digest_of
from tools.dr.facts import PairFacts, pair_facts
from tools.dr.models import (
    FailoverCheck,
    GenerateDrRunbookInput,
    GenerateDrRunbookOutput,
    RunbookStep,
    SimulateFailoverOutput,
)
from tools.dr.objectives import Part
from tools.dr.simulation import simulated
from tools.dr.status import rounded
from tools.fields import clipped

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
    )
    content = digest_of({"org": context.caller.org, "task": context.task_id, "runbook": draft.model_dump(mode="json")})
    runbook = draft.model_copy(update={"runbook_id": f"runbook-{content.removeprefix('sha256:')[:16]}"})
    await context.plans.put(context.caller.org, context.task_id, runbook.runbook_id, runbook.model_dump(mode="json"))
    return runbook


def _agreed_loss(facts: PairFacts) -> int:
    """Raises `ToolError` when today's loss is not known: nobody could agree to it."""
    if facts.loss.minutes is None:
        raise ToolError(
            f"No runbook was written. How much data a failover of {facts.pair.id} loses is not known:"
            f" {facts.loss.reason}."
        )
    return ceil(facts.loss.minutes)


def _steps(facts: PairFacts, simulation: SimulateFailoverOutput, *, loss: int | None) -> list[RunbookStep]:
    open_checks = [check for check in simulation.checks if check.result != "passed"]
    call: JsonObject = {"dr_pair_id": facts.pair.id, "asset_ids": facts.asset_ids}
    if loss is None:
        run = _step("run", "Drill: test the recovery site; traffic stays", "trigger_dr_drill", call)
    else:
        call["max_data_loss_minutes"] = loss
        run = _step("run", f"Fail over to {facts.pair.dr_site_id}", "trigger_dr_failover", call)
    steps = [*map(_precondition, open_checks), run, *map(_observed, facts.away.parts)]
    steps.append(_step("decide", "Compare the measured time with the objective", "check_rto", _pair_only(facts)))
    if loss is not None:
        back = {**call, "rollback": True}
        steps.append(_step("return", f"Back to {facts.pair.primary_site_id}", "trigger_dr_failover", back))
    return [step.model_copy(update={"order": order}) for order, step in enumerate(steps, start=1)]


def _pair_only(facts: PairFacts) -> JsonObject:
    return {"dr_pair_id": facts.pair.id}


def _step(kind: str, title: str, tool: str | None = None, params: JsonObject | None = None) -> RunbookStep:
    return RunbookStep.model_validate(
        {
            "order": 1,
            "kind": kind,
            "title": clipped(title, at_most=200),
            "estimated_minutes": None,
            "basis": "",
            "tool": tool,
            "params": params,
        }
    )


def _precondition(check: FailoverCheck) -> RunbookStep:
    step = _step("precondition", f"{check.name}: {check.required}")
    return step.model_copy(update={"basis": clipped(f"{check.result}: {check.observed}", at_most=200)})


def _observed(part: Part) -> RunbookStep:
    step = _step("observe", STEP_TITLES[part.step])
    return step.model_copy(
        update={"estimated_minutes": round(part.minutes, 3), "basis": clipped(part.basis, at_most=200)}
    )
