"""Decisions before each phase."""

from __future__ import annotations

from tests.unit.policies.decision_rows import row, same
from tests.unit.policies.documents import both, put
from tests.unit.policies.plans import NOW, ORG, REQUESTER

RUNS_ALONE = both(
    put("plan.environment", "staging"),
    put("plan.maintenance_window", None),
    put("approvers", []),
    put("autonomy", {"mode": "canary_only", "relied_on": True, "unattended_phases": 2, "blockers": []}),
)

EXECUTION = (
    row("execution", "as approved", same),
    row("execution", "before the start", put("phase", None)),
    row("execution", "at the window's first instant", put("plan.maintenance_window.start", NOW.isoformat())),
    row(
        "execution",
        "at the window's end",
        put("plan.maintenance_window.end", NOW.isoformat()),
        "execution.outside_window",
    ),
    row("execution", "before the window", put("now", "2026-11-24T08:59:59Z"), "execution.outside_window"),
    row("execution", "the same instant in another zone", put("now", "2026-11-24T18:30:00+09:00")),
    row("execution", "production without a window", put("plan.maintenance_window", None), "execution.no_window"),
    row(
        "execution",
        "staging without a window",
        both(put("plan.environment", "staging"), put("plan.maintenance_window", None)),
    ),
    row("execution", "an environment nobody knows", put("plan.environment", "prod"), "execution.environment"),
    row("execution", "other policies", put("policy_digest.loaded", "sha256:" + "b" * 64), "execution.policy_changed"),
    row(
        "execution",
        "no policies at all",
        both(put("policy_digest.loaded", ""), put("policy_digest.approved", "")),
        "execution.policy_digest",
    ),
    row("execution", "nobody approved", put("approvers", []), "execution.quorum"),
    row("execution", "an approver who lost the role", put("approvers.0.roles", ["operator"]), "execution.quorum"),
    row("execution", "an approver of another org", put("approvers.0.org", "T0OTHER"), "execution.quorum"),
    row("execution", "the person who asked", put("approvers.0.user", REQUESTER), "execution.quorum"),
    row(
        "execution",
        "one person twice",
        both(put("requirement.quorum", 2), put("approvers", [{"org": ORG, "user": "U0BOSS", "roles": ["admin"]}] * 2)),
        "execution.quorum",
    ),
    row(
        "execution",
        "two people",
        both(
            put("requirement.quorum", 2),
            put("approvers", [{"org": ORG, "user": user, "roles": ["admin"]} for user in ("U1", "U2")]),
        ),
    ),
    row("execution", "a quorum of none", both(put("requirement.quorum", 0), put("approvers", [])), "execution.quorum"),
    row("execution", "plan-only now", put("autonomy.mode", "plan_only"), "execution.plan_only"),
    row("execution", "a phase that runs alone", RUNS_ALONE),
    row(
        "execution",
        "a phase after those that run alone",
        both(RUNS_ALONE, put("phase_index", 2)),
        "execution.quorum",
        "execution.waiver",
    ),
    row(
        "execution",
        "a blocker since then",
        both(RUNS_ALONE, put("autonomy.unattended_phases", 0), put("autonomy.blockers", ["web-1 is critical"])),
        "execution.quorum",
        "execution.waiver",
    ),
    row(
        "execution",
        "nothing runs alone in production",
        put("autonomy.relied_on", True),
        "execution.waiver",
    ),
    row("execution", "no roles", put("requirement.roles", []), "execution.no_roles", "execution.quorum"),
)
