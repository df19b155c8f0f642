"""Whether a decision counts. Pure: the workflow runs this on every replay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.workflows.messages import Given, Proposal, Standing, TaskRequest
from tools.contracts.decision import Decision
from tools.contracts.edit import Edit
from tools.contracts.identity import at_terminal

Problem = Literal[
    "forged",
    "wrong_task",
    "nothing_to_decide",
    "stale_revision",
    "wrong_plan",
    "wrong_policy",
    "wrong_target",
    "wrong_nonce",
    "late",
    "already_settled",
    "self_approval",
    "shaped_it",
    "already_decided",
    "not_in_role",
    "for_requester",
    "represented",
    "step_up_missing",
    "step_up_wrong",
    "typed",
    "question_closed",
]
"""Stable names: they stand in the ledger."""

_WHY: dict[Problem, tuple[str, str]] = {
    "forged": ("That decision did not come from a button Gavel can vouch for.", "Use the buttons on the plan card."),
    "wrong_task": ("That decision names another task.", "Use the buttons in the task's own thread."),
    "nothing_to_decide": ("There is no plan waiting for a decision here.", "Wait for the plan card."),
    "stale_revision": (
        "That button belongs to an older revision of the plan.",
        "Read the newest card and decide there.",
    ),
    "wrong_plan": (
        "That decision is for another plan than the one on offer.",
        "Read the newest card and decide there.",
    ),
    "wrong_policy": (
        "The policies are not those that decision was made under.",
        "Read the newest card and decide there.",
    ),
    "wrong_target": ("That decision names other assets than the plan does.", "Read the newest card and decide there."),
    "wrong_nonce": ("That decision does not belong to this card.", "Use the buttons on the newest card."),
    "late": ("The time to decide is over.", "Ask again for a fresh plan."),
    "already_settled": ("This plan was decided on before your click.", "Its card and this thread say how."),
    "self_approval": (
        "You asked for this change, so you cannot approve it.",
        "Someone else with an approving role must.",
    ),
    "shaped_it": (
        "You changed what this plan does, so you cannot approve it.",
        "Someone else with an approving role must.",
    ),
    "already_decided": ("You have already decided on this plan.", "Your first decision stands."),
    "not_in_role": (
        "You do not hold a role that may decide on this plan.",
        "Ask someone who does: the card names the roles.",
    ),
    "for_requester": (
        "Your role here is lent by someone who asked for this change or shaped it, so it does not count.",
        "Someone else with an approving role must.",
    ),
    "represented": (
        "That role has decided on this plan already: one person lent it to the other, and it counts once.",
        "Someone else with an approving role must.",
    ),
    "step_up_missing": (
        "This plan needs the environment's name typed as confirmation.",
        "Press Approve on the newest card and type it in the form.",
    ),
    "step_up_wrong": (
        "What you typed is not the name of this plan's environment.",
        "Press Approve on the newest card and type the name that the form asks for.",
    ),
    "typed": (
        "A plan waits here for a decision, and a typed message decides nothing.",
        "Press Approve or Reject on the plan card. To change the plan, say what should be different.",
    ),
    "question_closed": (
        "That question is no longer open.",
        "A plan waits in this thread: press Approve or Reject on its card.",
    ),
}

SENTENCES: dict[Problem, str] = {
    problem: f"{what} It was not counted. {todo}" for problem, (what, todo) in _WHY.items()
}
"""What the one who clicked is told: what happened, what was not done, what to do."""


@dataclass(frozen=True)
class Counted:
    """The proposal's approvals after this decision."""

    settled: Literal["approved", "rejected"] | None
    behalf: str = ""
    """Who lent the role that was decided by; empty: it was the person's own."""
    lent_until: str = ""


def _of_another_offer(bound: Decision | Edit, *, request: TaskRequest, proposal: Proposal | None) -> Problem | None:
    """Why something that a card binds is not about the plan on offer; None: it is. It is authentic already."""
    if (bound.org, bound.task_id) != (request.org, request.task_id):
        return "wrong_task"
    if proposal is None:
        return "nothing_to_decide"
    checks: list[tuple[bool, Problem]] = [
        (bound.revision == proposal.revision, "stale_revision"),
        (bound.plan_digest == proposal.plan.digest, "wrong_plan"),
        (bound.policy_digest == proposal.report.policy_digest, "wrong_policy"),
        (bound.target == proposal.plan.target, "wrong_target"),
        (bound.nonce == proposal.nonce, "wrong_nonce"),
        (bound.expires_at == proposal.expires_at, "late"),
    ]
    return next((problem for holds, problem in checks if not holds), None)


def problem_with_edit(edit: Edit, *, request: TaskRequest, proposal: Proposal | None, now: datetime) -> Problem | None:
    """Everything that can be said without asking who may change the plan. `edit` is already authentic."""
    problem = _of_another_offer(edit, request=request, proposal=proposal)
    if problem is None and proposal is not None and now >= datetime.fromisoformat(proposal.expires_at):
        return "late"
    return problem


def problem_before_roles(
    decision: Decision, *, request: TaskRequest, proposal: Proposal | None, now: datetime
) -> Problem | None:
    """Everything that can be said without asking who holds which role. `decision` is already authentic."""
    problem = _of_another_offer(decision, request=request, proposal=proposal)
    if problem is not None or proposal is None:
        return problem
    deadline = datetime.fromisoformat(proposal.expires_at)
    asked_for = proposal.requirement.step_up and decision.verdict == "approve"
    checks: list[tuple[bool, Problem]] = [
        (now < deadline, "late"),
        (datetime.fromisoformat(decision.issued_at) < deadline, "late"),
        (not (decision.verdict == "approve" and decision.user == request.user), "self_approval"),
        (not (decision.verdict == "approve" and decision.user in proposal.shapers), "shaped_it"),
        (decision.user not in proposal.decided, "already_decided"),
        (not asked_for or decision.step_up != "", "step_up_missing"),
        (not asked_for or decision.step_up == proposal.plan.environment, "step_up_wrong"),
    ]
    return next((problem for holds, problem in checks if not holds), None)


def count(decision: Decision, *, request: TaskRequest, proposal: Proposal, standing: Standing) -> Problem | Counted:
    """Spend the nonce for this person and count them, or say that they may not decide.

    A role of their own comes first; else one that was lent to them, by nobody who could not approve it themselves, and
    once for whoever holds it.
    """
    may = set(proposal.requirement.roles)
    behalf, until = "", ""
    if at_terminal(decision.user):
        # Whoever operates the machine can stop what is planned; a yes is a person's, in Slack.
        if decision.verdict == "approve":
            return "not_in_role"
        proposal.decided.append(decision.user)
        return Counted("rejected")
    if not may & set(standing.roles):
        lent = [each for each in standing.lent if may & set(each.roles)]
        if not lent:
            return "not_in_role"
        free = [each for each in lent if each.giver not in (request.user, *proposal.shapers)]
        if decision.verdict == "approve" and not free:
            return "for_requester"
        unused = [each for each in free or lent if each.giver not in _spoken_for(proposal)]
        if decision.verdict == "approve" and not unused:
            return "represented"
        behalf, until = (unused or free or lent)[0].giver, (unused or free or lent)[0].until
    elif decision.verdict == "approve" and decision.user in _spoken_for(proposal):
        return "represented"
    proposal.decided.append(decision.user)
    if decision.verdict == "reject":
        return Counted("rejected", behalf, until)
    proposal.given.append(Given(decision.user, decision.issued_at, behalf, until))
    enough = len(proposal.approvals) >= proposal.requirement.quorum
    return Counted("approved" if enough else None, behalf, until)


def _spoken_for(proposal: Proposal) -> set[str]:
    """Whose role has approved, by themselves or by whom they lent it to."""
    return {name for each in proposal.given for name in (each.user, each.behalf)}
