"""A recovery runbook as a plan: the fields that come from `generate_dr_runbook`, and nothing else."""

from __future__ import annotations

from tools.contracts.common import JsonObject
from tools.contracts.plan import Action, Phase, ResourceCheck, ResourceExpectation, Rollback, RollbackCondition
from tools.dr.models import GenerateDrRunbookOutput, RpoFinding, RtoFinding, RunbookStep

DRILL_LEAVES = "A drill moves no traffic and changes no machine: there is nothing to put back."
VERIFY_SECONDS = 60


def composed(runbook: GenerateDrRunbookOutput) -> JsonObject:
    """Everything of a :class:`tools.contracts.outputs.dr.DRRunbook` besides what its assignment gives."""
    pair = runbook.dr_pair_id
    run = next(step for step in runbook.steps if step.kind == "run")
    back = next((step for step in runbook.steps if step.kind == "return"), None)
    over = runbook.kind == "failover"
    return {
        "summary": _sentence(runbook),
        "asset_ids": runbook.asset_ids,
        "phases": [_run(runbook, run), _measure(pair)],
        "rollback": Rollback(
            conditions=[RollbackCondition(kind="health_check_failed")],
            actions=[_action(f"back-{pair}", back, runbook)] if back is not None else [],
            note="" if back is not None else DRILL_LEAVES,
        ),
        "maintenance_window": runbook.maintenance_window,
        "expectations": runbook.expectations,
        "resources": [
            ResourceExpectation(
                kind="dr_pair",
                id=pair,
                fingerprint=runbook.fingerprint,
                from_state=runbook.traffic,
                to_state="recovery" if over else runbook.traffic,
            )
        ],
        "pair_id": pair,
        "operation": runbook.kind,
        "from_site": runbook.from_site_id,
        "to_site": runbook.to_site_id,
        "steps": [
            step.model_dump(mode="json", include={"order", "kind", "title", "estimated_minutes", "basis"})
            for step in runbook.steps
        ],
        "rpo": _objective(runbook.rpo),
        "rto": _objective(runbook.rto),
        "rto_parts": [part.model_dump(mode="json") for part in runbook.rto.parts],
        "last_passed_test_at": runbook.last_passed_test_at,
        "days_since_passed_test": runbook.days_since_passed_test,
        "max_data_loss_minutes": runbook.max_data_loss_minutes,
        "simulation": {
            "id": runbook.simulation_id,
            "ready": not runbook.not_passed,
            "not_passed": list(runbook.not_passed),
            "machines": len(runbook.asset_ids),
            "data_loss_minutes": runbook.predicted_data_loss_minutes,
            "downtime_minutes": runbook.predicted_downtime_minutes,
        },
    }


def _run(runbook: GenerateDrRunbookOutput, step: RunbookStep) -> Phase:
    """The one call of the runbook. What moves, moves as a whole: there is no smaller canary of it."""
    verb = "Fail over" if runbook.kind == "failover" else "Drill"
    return Phase(
        name=f"{verb} {runbook.dr_pair_id}"[:80],
        type="canary",
        asset_ids=runbook.asset_ids,
        batch_percent=100,
        actions=[_action(f"{runbook.kind}-{runbook.dr_pair_id}", step, runbook)],
        resource_checks=[
            ResourceCheck(kind="as_expected", resource_id=runbook.dr_pair_id, timeout_seconds=VERIFY_SECONDS)
        ],
    )


def _measure(pair: str) -> Phase:
    checks = [ResourceCheck(kind="rto_met", resource_id=pair, timeout_seconds=1)]
    return Phase(name="Compare with the objective", type="verify", resource_checks=checks)


def _action(name: str, step: RunbookStep, runbook: GenerateDrRunbookOutput) -> Action:
    return Action(
        id=name,
        tool=step.tool or "",
        params=step.params.model_dump(mode="json") if step.params is not None else {},
        asset_ids=runbook.asset_ids,
        resource_ids=[runbook.dr_pair_id],
    )


def _objective(finding: RpoFinding | RtoFinding) -> JsonObject:
    return finding.model_dump(mode="json", include={"objective_minutes", "minutes", "verdict"})


def _sentence(runbook: GenerateDrRunbookOutput) -> str:
    """What the plan does, in one sentence for the person who approves it."""
    count = len(runbook.asset_ids)
    way = f"{runbook.from_site_id} to {runbook.to_site_id}"
    if runbook.kind == "failover":
        return (
            f"Fail {runbook.dr_pair_id} over from {way}: {count} machines' traffic, losing at most"
            f" {runbook.max_data_loss_minutes} minutes of data."
        )[:600]
    return (
        f"Drill {runbook.dr_pair_id} from {way}: the recovery of {count} machines is tested and measured, traffic"
        " stays."
    )[:600]
