"""One table of decisions. It runs through the OPA server and through regorus; a difference is a failure.

A row: what is changed in the document that is allowed, and the rules that must then refuse it (none: allowed).
"""

from __future__ import annotations

from tests.unit.policies.decision_rows import row, same
from tests.unit.policies.documents import both, put
from tests.unit.policies.execution_rows import EXECUTION
from tests.unit.policies.image_rows import IMAGES
from tests.unit.policies.operations_table import OPERATIONS
from tests.unit.policies.plan_rows import PLAN
from tests.unit.policies.report_rows import REPORTS
from tests.unit.policies.tool_rows import TOOLS

APPROVAL = (
    row("approval", "a requirement", same),
    row("approval", "another org's plan", put("plan.org", "T0OTHER"), "approval.org"),
    row("approval", "nobody asked", put("caller.user", ""), "approval.no_requester"),
    row("approval", "an environment nobody knows", put("plan.environment", "prod"), "approval.environment"),
    row("approval", "a risk nobody knows", put("task.risk_level", "none"), "approval.risk_level"),
    row("approval", "a mode nobody knows", put("council.mode", "auto"), "approval.mode"),
    row("approval", "a critical risk", put("task.risk_level", "critical")),
    row("approval", "a council of one", put("council.degraded", "one model answered")),
    row("approval", "no consensus", put("council.consensus", False)),
    row("approval", "many votes against", put("council.dissent", 5)),
    row("commands", "as it is", same),
    row("commands", "open to all, roles not read", both(put("command", "ask"), put("caller.roles", None))),
    row("commands", "no role", put("caller.roles", []), "commands.role"),
    row("commands", "roles not read", put("caller.roles", None), "commands.role"),
    row("commands", "a role that is too little", put("caller.roles", ["operator"]), "commands.role"),
    row("commands", "a role that nobody knows", put("caller.roles", ["root"]), "commands.role"),
    row("commands", "roles that are a text", put("caller.roles", "approver"), "input.incomplete"),
    row("commands", "a command that nobody knows", put("command", "freeze.forever"), "commands.unknown"),
    row("commands", "a surface that nobody knows", put("surface", "fax"), "commands.surface"),
    row("commands", "nobody", put("caller.user", ""), "commands.nobody"),
    row("commands", "no org", put("caller.org", ""), "commands.no_org"),
    row("commands", "an alert", put("caller.user", "alert:1"), "commands.no_person"),
    row("commands", "a terminal's person in Slack", put("caller.user", "terminal:ada"), "commands.identity"),
    row(
        "commands",
        "Slack's person at a terminal",
        both(put("surface", "terminal"), put("command", "tools")),
        "commands.identity",
    ),
    row(
        "commands",
        "a person at a terminal",
        both(put("caller.user", "terminal:ada"), both(put("surface", "terminal"), put("command", "tools"))),
    ),
    row("approval", "a vote against what carried", put("council.opposed", 1)),
    row("approval", "a vote that was not heard", put("council.unheard", 1)),
    row("approval", "little agreement", put("council.agreement", 0.59)),
    row("approval", "an expiry of no time", put("approval_expiry_seconds", 0), "approval.expiry"),
    row("approval", "an expiry of a month", put("approval_expiry_seconds", 2592000), "approval.expiry"),
    row("approval", "an expiry of half a second", put("approval_expiry_seconds", 0.5), "approval.expiry"),
    row("approval", "an expiry of 60.5 s", put("approval_expiry_seconds", 60.5), "approval.expiry"),
    row("approval", "an expiry as text", put("approval_expiry_seconds", "60"), "input.incomplete"),
)

AUTONOMY = (
    row("autonomy", "a change that needs approval", same),
    row("autonomy", "a plan that changes nothing", both(put("plan.phases", []), put("plan.rollback.actions", []))),
    row("autonomy", "production", put("plan.environment", "production")),
    row("autonomy", "an environment nobody knows", put("plan.environment", "prod"), "autonomy.environment"),
    row("autonomy", "another org", put("plan.org", "T0OTHER"), "autonomy.org"),
)

TABLE = (
    *PLAN,
    *(row("safety", name, change, *rules) for name, change, rules in OPERATIONS),
    *TOOLS,
    *APPROVAL,
    *EXECUTION,
    *AUTONOMY,
    *IMAGES,
    *REPORTS,
)

UNDEFINED = (
    row("safety", "a window that is no date", put("plan.maintenance_window.start", "tomorrow")),
    row("safety", "a thirteenth month", put("plan.maintenance_window.end", "2026-13-01T00:00:00Z")),
    row("tools", "a grant that expires some day", put("grant.expires_at", "some day")),
    row("execution", "a clock that tells no time", put("now", "noon")),
)
"""Documents no rule can be evaluated on: neither engine gives a decision, and that is a refusal."""
