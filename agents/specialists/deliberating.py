"""From the brief to the conclusion: in the mode that was chosen, and with a council where one model is not enough."""

from __future__ import annotations

from dataclasses import replace

from agents.orchestrator.brief import Brief, Deliberation
from agents.orchestrator.budget import BudgetExceeded
from agents.orchestrator.escalation import REFUSED, Answered, Escalation, confidence_of
from agents.specialists.base import Assignment, Conclusion
from agents.specialists.receipts import ClaimReceipts
from agents.specialists.study import Study
from tools.contracts.progress import NoteProgress


async def judged(
    assignment: Assignment, brief: Brief, *, study: Study, receipts: ClaimReceipts
) -> tuple[Deliberation, Conclusion]:
    """How the models answered, and what it comes to. Raises as :meth:`Orchestrator.deliberate` says.

    Where a council is called in, it judges the very evidence that the one model had, and that model's answer is one of
    its answers: neither is asked for again.
    """
    result, conclusion = await _judged(assignment, brief, study=study, receipts=receipts)
    outcome = result.outcome.model_copy(update={"chosen": assignment.spec.mode_choice})
    return replace(result, outcome=outcome), conclusion


async def _judged(
    assignment: Assignment, brief: Brief, *, study: Study, receipts: ClaimReceipts
) -> tuple[Deliberation, Conclusion]:
    orchestrator, escalation = assignment.orchestrator, assignment.escalation
    if escalation is None:
        result = await orchestrator.deliberate(
            brief, mode=assignment.mode, progress=assignment.progress, recorder=assignment.recorder
        )
        return result, study.conclude(result, receipts)
    alone: tuple[Deliberation, Conclusion] | None = None
    reason: str | None = REFUSED if assignment.refusals else None
    if reason is None or await _not_paid(assignment, escalation) is not None:
        result = await orchestrator.deliberate(
            brief, mode="single", progress=assignment.progress, recorder=assignment.recorder
        )
        alone = (result, study.conclude(result, receipts))
        reason = reason or escalation.rules.reason(_answered(assignment, *alone, receipts=receipts))
        if reason is None:
            return alone
        if (why_not := await _not_paid(assignment, escalation)) is not None:
            return _unjudged(assignment, *alone, why=f"{reason} The council was not asked: {why_not}")
    assignment.progress.emit(NoteProgress(reason))
    try:
        result = await orchestrator.deliberate(
            brief,
            mode="council",
            progress=assignment.progress,
            recorder=assignment.recorder,
            given=alone[0].reports if alone is not None else {},
            escalated=reason,
        )
    except BudgetExceeded as error:
        if alone is None:
            raise
        # Others spent meanwhile what was left. The one answer is there, and paid for.
        return _unjudged(assignment, *alone, why=f"{reason} The council was not asked: {error}")
    return result, study.conclude(result, receipts)


async def _not_paid(assignment: Assignment, escalation: Escalation) -> str | None:
    """Why a council cannot be afforded; None: it can."""
    spec = assignment.spec
    return await escalation.spending.may_spend(org=assignment.caller.org, user=spec.user, task_id=spec.id)


def _unjudged(
    assignment: Assignment, result: Deliberation, conclusion: Conclusion, *, why: str
) -> tuple[Deliberation, Conclusion]:
    """One model's answer where a council was called for and could not be asked: marked, so that the gates know."""
    assignment.progress.emit(NoteProgress(why))
    degraded = why if result.outcome.degraded is None else f"{why} {result.outcome.degraded}"
    outcome = result.outcome.model_copy(update={"requested_mode": "council", "degraded": degraded})
    return replace(result, outcome=outcome), conclusion


def _answered(
    assignment: Assignment, result: Deliberation, conclusion: Conclusion, *, receipts: ClaimReceipts
) -> Answered:
    plan, report = conclusion.plan, conclusion.report
    claims = [row.claim for row in result.outcome.tallies if row.claim.kind == "claim"]
    return Answered(
        environment=assignment.spec.environment,
        risk=assignment.spec.risk_level,
        changes=len(plan.asset_ids) + len(plan.resources) if plan is not None else None,
        confidence=confidence_of(list(result.reports.values())),
        unproven=sum(receipts.of(claim) == "fail" for claim in claims),
        inconclusive=conclusion.finding == "inconclusive"
        or (report is not None and report.conclusion == "inconclusive"),
    )
