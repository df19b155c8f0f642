"""What the end of a task says of the plan that its council carried."""

from __future__ import annotations

import pytest

from bot.workflows import messages as m
from bot.workflows.activities.concluding import proved
from tests.unit.ledger.test_ledger_labels import outcome, row
from tests.unit.workflows.script import POLICY, plan_for, spec_for
from tools.contracts.council import CouncilOutcome
from tools.contracts.decision import ReasonKind
from tools.contracts.verdict import ApprovalRequirement, GateReport

CARRIED = outcome(row("p1", against=("Elm",)), row("p2"))


def ended(
    how: m.Outcome, *, kind: ReasonKind = "", detail: str = "", phases_run: int = 3, council: CouncilOutcome = CARRIED
) -> bool | None:
    """What it proved of the plan; None: nothing."""
    request = m.TaskRequest(
        task_id="T1.C1.1.0",
        org="T1",
        user="UADA",
        source="mention",
        channel="C1",
        thread_ts="1.0",
        message_ts="1.0",
        text="fix it",
        redacted=[],
        received_at="2026-11-26T12:00:00+00:00",
        limits=m.TaskLimits(),
    )
    plan = plan_for(request, 2)
    requirement = ApprovalRequirement(roles=["approver"], quorum=1, expires_in_seconds=30)
    proposal = m.Proposal(
        revision=2,
        plan=plan,
        report=GateReport(plan_digest=plan.digest, policy_digest=POLICY, results=[], requirement=requirement),
        requirement=requirement,
        council=council,
        nonce="n",
        expires_at="2026-11-26T13:00:00+00:00",
    )
    state = m.TaskState(request=request, thread_ts="1.0", spec=spec_for(request), proposal=proposal)
    result = m.TaskResult(
        task_id=request.task_id,
        outcome=how,
        detail=detail,
        revision=2,
        plan_digest=plan.digest,
        policy_digest=POLICY,
        agreement=0.9,
        dissent=1,
        approvers=["UGRACE"],
        phases_run=phases_run,
        reason_kind=kind,
    )
    confirmed = proved(state, result)
    if confirmed is None:
        return None
    assert (confirmed.org, confirmed.agent, confirmed.item) == ("T1", "drift", "plan:r2")
    assert confirmed.votes == {"Amber": True, "Birch": True, "Cedar": True, "Elm": False}
    return confirmed.right


def test_a_run_that_was_verified_proves_the_plan_right_and_one_rolled_back_wrong() -> None:
    assert ended("completed") is True
    assert ended("rolled_back") is False


def test_a_rejection_proves_it_wrong_only_where_the_person_says_so() -> None:
    assert ended("rejected", kind="wrong_cause") is False
    assert ended("rejected", kind="wrong_target") is False
    assert ended("rejected", kind="too_risky") is None
    assert ended("rejected", kind="not_now") is None
    assert ended("rejected", kind="other", detail="Wrong: these hosts are being retired.") is None
    assert ended("rejected") is None


@pytest.mark.parametrize("how", ["expired", "cancelled", "failed", "refused", "inconclusive"])
def test_what_ended_otherwise_proves_nothing(how: m.Outcome) -> None:
    assert ended(how) is None


def test_nothing_is_proved_by_a_run_of_nothing_or_of_what_no_council_carried() -> None:
    assert ended("completed", phases_run=0) is None
    assert ended("completed", council=outcome(row("p1"), mode="single")) is None
