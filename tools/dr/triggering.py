"""The tools that test a recovery site or move traffic. Only an approved plan's execution reaches them."""

from __future__ import annotations

from tools.base import ToolContext, ToolError
from tools.contracts.change import AssetOutcome
from tools.contracts.recovery import DrPair, DrRun
from tools.dr.facts import PairFacts, pair_facts, recovery_source
from tools.dr.models import DrRunOutput, MeasuredStep, TriggerDrDrillInput, TriggerDrFailoverInput
from tools.fields import clipped
from tools.lookup import listed


async def trigger_dr_drill(given: TriggerDrDrillInput, context: ToolContext) -> DrRunOutput:
    """The call's id is the idempotency key: the same call again answers with the same run."""
    facts = await _checked(given, context)
    run = await recovery_source(context).run_drill(context.caller.org, facts.pair.id, idempotency_key=context.call_id)
    return _output(facts, run)


async def trigger_dr_failover(given: TriggerDrFailoverInput, context: ToolContext) -> DrRunOutput:
    facts = await _checked(given, context)
    source, org = recovery_source(context), context.caller.org
    if not await _ran_before(facts, context):
        _require_agreed_loss(facts, given)
    kind = "failback" if given.rollback else "failover"
    run = await source.fail_over(org, facts.pair.id, idempotency_key=context.call_id, kind=kind)
    return _output(facts, run)


async def _checked(given: TriggerDrDrillInput, context: ToolContext) -> PairFacts:
    """Raises `ToolError`, with nothing changed, unless the call names exactly what it would move."""
    facts = await pair_facts(given.dr_pair_id, context, environment=given.environment)
    pair = facts.pair
    # The dispatcher's scope guard says so too. A tool that moves production does not rely on one line elsewhere.
    if given.environment != "production" or pair.environment != "production":
        raise ToolError(f"Nothing was changed. {pair.id} is of {pair.environment}; this tool is for production.")
    named, moving = set(given.asset_ids), set(facts.asset_ids)
    if named != moving:
        raise ToolError(
            f"Nothing was changed. The machines of {pair.primary_site_id} are not those that were named:"
            f" {len(moving - named)} more run there ({listed(sorted(moving - named), at_most=5) or '–'}),"
            f" {len(named - moving)} do not ({listed(sorted(named - moving), at_most=5) or '–'})."
            " Simulate again and have that approved."
        )
    return facts


async def _ran_before(facts: PairFacts, context: ToolContext) -> bool:
    """A repeated call is answered from its run: what it has moved already is not judged by today's replication."""
    return any(run.id == context.call_id for run in facts.runs)


def _require_agreed_loss(facts: PairFacts, given: TriggerDrFailoverInput) -> None:
    loss = facts.loss
    if loss.minutes is None:
        raise ToolError(f"Nothing was changed. How much data would be lost is not known: {loss.reason}.")
    if loss.minutes > given.max_data_loss_minutes:
        raise ToolError(
            f"Nothing was changed. {loss.minutes:.1f} minutes of {loss.dataset or 'data'} would be lost; at most"
            f" {given.max_data_loss_minutes} were agreed to. Repair the replication, or have the loss approved."
        )


def _output(facts: PairFacts, run: DrRun) -> DrRunOutput:
    message = run.note or f"{run.kind} {run.id}: {run.minutes:.1f} minutes"
    outcomes = [
        AssetOutcome(asset_id=asset.id, ok=run.ok, image_version=asset.image_version, message=clipped(message))
        for asset in facts.primary
    ]
    return DrRunOutput(
        outcomes=outcomes,
        changed=len(outcomes) if run.ok else 0,
        failed=0 if run.ok else len(outcomes),
        run_id=run.id,
        dr_pair_id=run.dr_pair_id,
        kind=run.kind,
        ok=run.ok,
        minutes=round(run.minutes, 3),
        rto_objective_minutes=facts.pair.rto_minutes,
        rto_met=run.ok and run.minutes <= facts.pair.rto_minutes,
        steps=[MeasuredStep(step=step.name, minutes=step.minutes) for step in run.steps],
        note=clipped(run.note),
        active_site_id=_active_after(facts.pair, run),
    )


def _active_after(pair: DrPair, run: DrRun) -> str:
    """From the run, not read again: a repeated call answers the same, whatever has moved since."""
    if not run.ok or run.kind == "drill":
        return pair.active_site_id
    return pair.dr_site_id if run.kind == "failover" else pair.primary_site_id
