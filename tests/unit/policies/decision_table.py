"""One table of decisions. It runs through the OPA server and through regorus; a difference is a failure.

A row: what is changed in the document that is allowed, and the rules that must then refuse it (none: allowed).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from tests.unit.policies.documents import Change, both, drop, put
from tests.unit.policies.operations_table import OPERATIONS
from tests.unit.policies.plans import NOW, ORG, REQUESTER, make_plan
from tools.contracts.common import JsonObject


@dataclass(frozen=True)
class Row:
    package: str
    name: str
    change: Change
    rules: frozenset[str]


def row(package: str, name: str, change: Change, *rules: str) -> Row:
    return Row(f"ql.ai.{package}", name, change, frozenset(rules))


def _plan(count: int, *, canary: int = 2, batch_percent: float = 20) -> Change:
    return put("plan", make_plan(count, canary=canary, batch_percent=batch_percent).model_dump(mode="json"))


def _nonprod(environment: str) -> Change:
    plan = make_plan(10, batch_percent=100, environment="staging").model_dump(mode="json")
    return both(put("plan", {**plan, "environment": environment}), put("task.environment", environment))


def _frozen(environment: str) -> JsonObject:
    end = (NOW + timedelta(days=1)).isoformat()
    start = (NOW - timedelta(days=1)).isoformat()
    return {"org": ORG, "environment": environment, "reason": "year end", "start": start, "end": end}


def _same(_: JsonObject) -> None:
    """Changes nothing."""


IDS = [f"web-{number:04d}" for number in range(1, 31)]
WAIT = "plan.phases.1"

PLAN = (
    row("safety", "a good plan", _same),
    row("safety", "one asset", _plan(1, canary=1)),
    row("safety", "three assets, one at a time", _plan(3, canary=1)),
    row("safety", "500 assets", _plan(500)),
    row("safety", "whole numbers that come as floats", put("plan.phases.0.batch_percent", 7.0)),
    row("safety", "staging in one batch, without window or simulation", _nonprod("staging")),
    row("safety", "development", _nonprod("development")),
    row("safety", "a freeze around the window", put("freezes", [_frozen("production")]), "plan.window_frozen"),
    row("safety", "a freeze elsewhere", put("freezes", [_frozen("staging")])),
    row("safety", "no window, in a freeze", both(_nonprod("staging"), put("freezes", [_frozen("*")])), "plan.frozen"),
    row("safety", "a canary by any name", put("plan.phases.0.name", "Canary Deployment")),
    row("safety", "a wave that calls itself canary", put("plan.phases.0.type", "wave"), "plan.no_canary"),
    row("safety", "half the fleet in one batch", _plan(30, batch_percent=50), "plan.batch_too_large"),
    row("safety", "a batch of 20 % and a bit", _plan(30, batch_percent=23.4), "plan.batch_too_large"),
    row(
        "safety",
        "a small stated percentage does not hide a batch",
        both(_plan(30, batch_percent=50), put("plan.phases.2.batch_percent", 1)),
        "plan.batch_too_large",
    ),
    row("safety", "a large stated percentage", put("plan.phases.2.batch_percent", 50), "plan.batch_stated_too_large"),
    row(
        "safety",
        "assets hidden in an action",
        put("plan.phases.0.actions.0.asset_ids", IDS),
        "plan.batch_too_large",
        "plan.canary_too_large",
    ),
    row(
        "safety",
        "assets hidden in parameters",
        put("plan.phases.0.actions.0.params.asset_ids", IDS),
        "plan.batch_too_large",
        "plan.canary_too_large",
    ),
    row("safety", "a canary of 6 of 30", _plan(30, canary=6), "plan.canary_too_large"),
    row("safety", "a canary of 6 of 60 is 10 %", _plan(60, canary=6)),
    row("safety", "a canary of 5", _plan(30, canary=5)),
    row("safety", "no wait", drop(WAIT), "plan.no_canary_wait"),
    row("safety", "a wait of no time", put(f"{WAIT}.wait_seconds", 0), "plan.no_canary_wait"),
    row("safety", "a verify in the wait's place", put(f"{WAIT}.type", "verify"), "plan.no_canary_wait"),
    row(
        "safety",
        "canaries all the way, without a wait",
        both(drop(WAIT), put("plan.phases.1.type", "canary")),
        "plan.canary_too_large",
        "plan.no_canary_wait",
    ),
    row("safety", "no phases", put("plan.phases", []), "plan.no_phases", "plan.no_canary", "plan.asset_not_in_phases"),
    row(
        "safety",
        "no assets",
        put("plan.asset_ids", []),
        "plan.no_assets",
        "plan.asset_not_in_plan",
        "plan.batch_too_large",
        "plan.simulation_failures",
    ),
    row("safety", "a blank summary", put("plan.summary", " \t "), "plan.no_summary"),
    row(
        "safety",
        "an asset no phase changes",
        put("plan.asset_ids", [*IDS, "web-9999"]),
        "plan.asset_not_in_phases",
        "plan.no_version_comparison",
        "plan.simulation_incomplete",
    ),
    row(
        "safety",
        "an asset the plan does not list",
        put("plan.asset_ids", IDS[1:]),
        "plan.asset_not_in_plan",
        "plan.batch_too_large",
    ),
    row("safety", "no comparison", put("plan.version_comparison", []), "plan.no_version_comparison"),
    row("safety", "a comparison for all but one", drop("plan.version_comparison.3"), "plan.no_version_comparison"),
    row("safety", "no simulation", put("plan.simulation", None), "plan.not_simulated"),
    row("safety", "a simulation of part", put("plan.simulation.simulated_assets", 29), "plan.simulation_incomplete"),
    row("safety", "a simulation that fails", put("plan.simulation.predicted_failures", 7), "plan.simulation_failures"),
    row("safety", "no window", put("plan.maintenance_window", None), "plan.no_maintenance_window"),
    row(
        "safety",
        "a window that is over",
        put("plan.maintenance_window", {"start": "2026-11-24T01:00:00Z", "end": "2026-11-24T10:00:00Z"}),
        "plan.maintenance_window_over",
    ),
    row(
        "safety",
        "a window that ends before it starts",
        put("plan.maintenance_window", {"start": "2026-11-25T02:00:00Z", "end": "2026-11-25T01:00:00Z"}),
        "plan.maintenance_window_order",
    ),
    row(
        "safety",
        "a window in another zone",
        put("plan.maintenance_window", {"start": "2026-11-24T11:00:00+02:00", "end": "2026-11-24T13:00:00+02:00"}),
    ),
    row("safety", "no health check", put("plan.phases.2.health_checks", []), "plan.no_health_check"),
    row(
        "safety",
        "a check that cannot fail",
        put("plan.phases.2.health_checks.1.threshold", 100),
        "plan.health_check_threshold",
    ),
    row(
        "safety",
        "a check without its threshold",
        put("plan.phases.2.health_checks.1.threshold", None),
        "plan.health_check_threshold",
    ),
    row("safety", "no rollback condition", put("plan.rollback.conditions", []), "plan.no_rollback_condition"),
    row(
        "safety",
        "a rollback condition without its threshold",
        put("plan.rollback.conditions", [{"kind": "failed_assets_percent", "threshold": None}]),
        "plan.rollback_threshold",
    ),
    row("safety", "no rollback action", put("plan.rollback.actions", []), "plan.no_rollback_action"),
    row(
        "safety",
        "a rollback that only reads",
        put("plan.rollback.actions.0.tool", "query_assets"),
        "plan.no_rollback_action",
    ),
    row(
        "safety",
        "a tool nobody knows",
        put("plan.phases.0.actions.0.tool", "rm_rf"),
        "plan.unknown_tool",
        "plan.phase_changes_nothing",
    ),
    row(
        "safety",
        "the tool for non-production in production",
        put("plan.phases.0.actions.0.tool", "execute_rollout_nonprod"),
        "plan.tool_environment",
    ),
    row(
        "safety",
        "the tool for production in staging",
        both(_nonprod("staging"), put("plan.phases.0.actions.0.tool", "execute_rollout_prod")),
        "plan.tool_environment",
    ),
    row(
        "safety",
        "the rollback's tool too",
        put("plan.rollback.actions.0.tool", "execute_rollout_nonprod"),
        "plan.tool_environment",
    ),
    row(
        "safety",
        "a change in a verify phase",
        both(put("plan.phases.2.type", "verify")),
        "plan.change_in_passive_phase",
    ),
    row(
        "safety",
        "a rollback among the phases",
        put(f"{WAIT}.type", "rollback"),
        "plan.phase_type",
        "plan.no_canary_wait",
    ),
    row("safety", "a wave that only lists assets", put("plan.phases.2.actions", []), "plan.phase_changes_nothing"),
    row(
        "safety", "another environment than the task's", put("task.environment", "staging"), "plan.environment_differs"
    ),
    row("safety", "an environment nobody knows", both(_nonprod("prod")), "plan.environment"),
    row("safety", "another org's plan", put("plan.org", "T0OTHER"), "plan.org"),
    row("safety", "asked by a viewer", put("caller.roles", ["viewer"]), "plan.requester_role"),
    row("safety", "asked by nobody in particular", put("caller.roles", []), "plan.requester_role"),
    row("safety", "born of an alert", put("caller", {"user": "alert:abc", "roles": []})),
    row("safety", "phases as text", put("plan.phases", "canary, wave"), "input.incomplete"),
    row("safety", "a phase as text", put("plan.phases.0", "canary"), "input.incomplete"),
    row("safety", "actions as text", put("plan.phases.0.actions", "roll out"), "input.incomplete"),
    row("safety", "an action as text", put("plan.phases.0.actions.0", "roll out"), "input.incomplete"),
    row("safety", "health checks as a number", put("plan.phases.0.health_checks", 3), "input.incomplete"),
    row("safety", "a comparison as text", put("plan.version_comparison", "all"), "input.incomplete"),
    row("safety", "a plan as text", put("plan", "all is well"), "input.incomplete"),
    row("safety", "roles as text", put("caller.roles", "admin"), "input.incomplete"),
    row("safety", "a window as text", put("plan.maintenance_window", "tonight"), "input.incomplete"),
    row("safety", "asset ids as text", put("plan.asset_ids", "web-0001"), "input.incomplete"),
    row("safety", "a percentage as text", put("plan.phases.2.batch_percent", "20"), "input.incomplete"),
    row("safety", "a simulation as text", put("plan.simulation", "fine"), "input.incomplete"),
)

GRANT_LESS = put("grant", None)
READ = put("tool", {"name": "query_assets", "risk": "read_only", "scope": "environment", "server": None})
READ_CALL = put(
    "call", {"tool": "query_assets", "environment": None, "allowed_tools": ["query_assets"], "asset_ids": []}
)
READING = both(GRANT_LESS, READ, READ_CALL)
SERVERS = both(
    READING,
    put("tool", {"name": "mcp__logs__find", "risk": "read_only", "scope": "org", "server": "logs"}),
    put("call.tool", "mcp__logs__find"),
    put("call.allowed_tools", ["mcp__logs__find"]),
)

WAIVED = both(
    put("grant.approvers", []),
    put("grant.waiver", "full_auto"),
    put("grant.environment", "staging"),
    put("call.environment", "staging"),
    put("tool.risk", "state_change_nonprod"),
)

TOOLS = (
    row("tools", "a granted change", _same),
    row("tools", "reading without a grant", READING),
    row("tools", "reading by a viewer", both(READING, put("caller.roles", ["viewer"]))),
    row("tools", "reading by nobody in particular", both(READING, put("caller.roles", []))),
    row("tools", "reading the whole org", both(READING, put("tool.scope", "org"))),
    row(
        "tools",
        "reading the whole org without a role",
        both(READING, put("tool.scope", "org"), put("caller.roles", [])),
        "tools.org_scope",
    ),
    row("tools", "planning without a grant", both(READING, put("tool.risk", "plan_only"))),
    row("tools", "reading by an MCP server's tool", SERVERS),
    row("tools", "planning by an MCP server's tool", both(SERVERS, put("tool.risk", "plan_only"))),
    row(
        "tools",
        "an MCP server's tool of no known risk",
        both(SERVERS, put("tool.risk", "safe")),
        "tools.server_change",
        "tools.unknown_risk",
    ),
    row(
        "tools",
        "a change by an MCP server's tool",
        both(
            put("tool", {"name": "mcp__logs__find", "risk": "state_change_prod", "scope": "asset", "server": "logs"}),
            put("call.tool", "mcp__logs__find"),
            put("call.allowed_tools", ["mcp__logs__find"]),
            put("grant.tools", ["mcp__logs__find"]),
        ),
        "tools.server_change",
    ),
    row("tools", "a tool called like an MCP server's", both(SERVERS, put("tool.server", None)), "tools.server_name"),
    row(
        "tools",
        "an MCP server's tool under another name",
        both(READING, put("tool.server", "logs")),
        "tools.server_name",
    ),
    row("tools", "a tool of another MCP server", both(SERVERS, put("tool.server", "metrics")), "tools.server_name"),
    row(
        "tools", "a tool of nobody knows which server", both(SERVERS, put("tool.server", ["logs"])), "input.incomplete"
    ),
    row("tools", "a change without a grant", GRANT_LESS, "tools.no_grant"),
    row("tools", "a change by a viewer", put("caller.roles", ["viewer"]), "tools.role"),
    row("tools", "on behalf of nobody", put("caller.user", ""), "tools.no_requester"),
    row("tools", "a granted change of an alert's task", put("caller", {"org": ORG, "user": "alert:abc", "roles": []})),
    row(
        "tools",
        "an alert's change without a grant",
        both(GRANT_LESS, put("caller.user", "alert:abc")),
        "tools.no_grant",
    ),
    row("tools", "a tool outside the caller's", put("call.allowed_tools", ["query_assets"]), "tools.not_allowed"),
    row("tools", "a call of another name than its tool", put("call.tool", "query_assets"), "tools.name_differs"),
    row("tools", "a risk nobody knows", put("tool.risk", "safe"), "tools.unknown_risk"),
    row("tools", "a scope nobody knows", put("tool.scope", "galaxy"), "tools.unknown_scope"),
    row("tools", "no org", put("caller.org", ""), "tools.no_org", "tools.grant_org"),
    row("tools", "a change of no asset", put("call.asset_ids", []), "tools.no_assets"),
    row(
        "tools",
        "a production tool outside production",
        both(put("call.environment", "staging"), put("grant.environment", "staging")),
        "tools.prod_tool",
    ),
    row(
        "tools",
        "a production tool without an environment",
        put("call.environment", None),
        "tools.prod_tool",
        "tools.grant_environment",
    ),
    row("tools", "a non-production tool in production", put("tool.risk", "state_change_nonprod"), "tools.nonprod_tool"),
    row(
        "tools",
        "a non-production tool in staging",
        both(
            put("tool.risk", "state_change_nonprod"),
            put("call.environment", "staging"),
            put("grant.environment", "staging"),
        ),
    ),
    row("tools", "an unsigned grant", put("grant.mac", ""), "tools.grant_unsigned"),
    row("tools", "another org's grant", put("grant.org", "T0OTHER"), "tools.grant_org"),
    row("tools", "another task's grant", put("grant.task_id", "other"), "tools.grant_task"),
    row("tools", "a grant nobody approved", put("grant.approvers", []), "tools.grant_not_approved"),
    row("tools", "a waived change of staging", WAIVED),
    row(
        "tools",
        "a waived change of production",
        both(put("grant.approvers", []), put("grant.waiver", "full_auto")),
        "tools.grant_not_approved",
    ),
    row(
        "tools",
        "a waiver by a mode that waives nothing",
        both(WAIVED, put("grant.waiver", "approve_all")),
        "tools.grant_not_approved",
    ),
    row("tools", "a grant without a plan", put("grant.plan_digest", ""), "tools.grant_digest"),
    row("tools", "a grant without policies", put("grant.policy_digest", "sha256:abc"), "tools.grant_digest"),
    row("tools", "a grant for staging", put("grant.environment", "staging"), "tools.grant_environment"),
    row("tools", "a grant for another tool", put("grant.tools", ["promote_image"]), "tools.grant_tool"),
    row("tools", "an asset outside the grant", put("call.asset_ids", ["web-0001", "web-0009"]), "tools.grant_assets"),
    row("tools", "an expired grant", put("grant.expires_at", NOW.isoformat()), "tools.grant_expired"),
    row("tools", "assets as text", put("call.asset_ids", "web-0001"), "input.incomplete"),
)

APPROVAL = (
    row("approval", "a requirement", _same),
    row("approval", "another org's plan", put("plan.org", "T0OTHER"), "approval.org"),
    row("approval", "nobody asked", put("caller.user", ""), "approval.no_requester"),
    row("approval", "an environment nobody knows", put("plan.environment", "prod"), "approval.environment"),
    row("approval", "a risk nobody knows", put("task.risk_level", "none"), "approval.risk_level"),
    row("approval", "a mode nobody knows", put("council.mode", "auto"), "approval.mode"),
    row("approval", "a critical risk", put("task.risk_level", "critical")),
    row("approval", "a council of one", put("council.degraded", "one model answered")),
    row("approval", "no consensus", put("council.consensus", False)),
    row("approval", "many votes against", put("council.dissent", 5)),
    row("commands", "as it is", _same),
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

RUNS_ALONE = both(
    put("plan.environment", "staging"),
    put("plan.maintenance_window", None),
    put("approvers", []),
    put("autonomy", {"mode": "canary_only", "relied_on": True, "unattended_phases": 2, "blockers": []}),
)

EXECUTION = (
    row("execution", "as approved", _same),
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

AUTONOMY = (
    row("autonomy", "a change that needs approval", _same),
    row("autonomy", "a plan that changes nothing", both(put("plan.phases", []), put("plan.rollback.actions", []))),
    row("autonomy", "production", put("plan.environment", "production")),
    row("autonomy", "an environment nobody knows", put("plan.environment", "prod"), "autonomy.environment"),
    row("autonomy", "another org", put("plan.org", "T0OTHER"), "autonomy.org"),
)

IMAGES = (
    row("images", "a good image", _same),
    row("images", "a build alone", both(put("operation", "build"), put("promote_to", None), put("built", None))),
    row("images", "an operation nobody knows", put("operation", "destroy"), "images.operation"),
    row("images", "a family with a space", put("contract.family", "web base"), "images.family"),
    row("images", "half a version", put("contract.version", "5.3"), "images.version"),
    row("images", "a version that exists", put("contract.version", "5.2.0"), "images.version_taken"),
    row("images", "a version that only looks higher", put("contract.version", "5.2.0-rc.9"), "images.version_taken"),
    row("images", "version 5.10 is over 5.2", put("contract.version", "5.10.0")),
    row("images", "an unsigned base", put("images.0.signed", False), "images.base"),
    row("images", "a draft as base", put("images.0.status", "draft"), "images.base"),
    row("images", "another org's base", put("images.0.org_id", "T0OTHER"), "images.base"),
    row("images", "no CIS level", put("contract.cis_level", None), "images.cis_level"),
    row("images", "no hardening", put("contract.hardening", []), "images.hardening"),
    row("images", "a denied package", put("contract.packages.0.name", "Telnet"), "images.denied_package"),
    row("images", "no monitoring", put("contract.monitoring_agents", []), "images.monitoring"),
    row("images", "promoted before it is built", put("built", None), "images.not_built"),
    row("images", "a step skipped", put("promote_to", "production"), "images.promotion_step"),
    row("images", "promoted to nowhere", put("promote_to", None), "images.promotion_step"),
    row("images", "unsigned", put("built.signed", False), "images.unsigned"),
    row("images", "no SBOM", put("built.sbom_url", None), "images.no_sbom"),
    row("images", "no tests", put("built.tests", []), "images.no_tests"),
    row("images", "a test that failed", put("built.tests.0.passed", False), "images.failed_tests"),
    row("images", "no scan", put("built.scan", None), "images.no_scan"),
    row("images", "a critical finding", put("built.scan.critical", 1), "images.scan_findings"),
    row("images", "a promotion alone", both(put("operation", "promote"), put("contract", None))),
    row("images", "a build to no contract", put("contract", None), "input.incomplete"),
    row(
        "images",
        "out of use, fit or not",
        both(
            put("operation", "promote"),
            put("contract", None),
            put("built.status", "production"),
            put("built.signed", False),
            put("built.scan", None),
            put("promote_to", "deprecated"),
        ),
    ),
    row("images", "an old scan", put("built.scan.scanned_at", "2020-01-01T00:00:00Z"), "images.scan_old"),
)

REPORTS = (
    row("reports", "a good report", _same),
    row("reports", "nothing handed over", put("report.hands_over_to", None)),
    row("reports", "inconclusive", both(put("report.conclusion", "inconclusive"), put("report.evidence", []))),
    row("reports", "another org", put("report.org", "T0OTHER"), "report.org"),
    row("reports", "a plan that calls itself a report", put("report.kind", "ImageSpec"), "report.kind"),
    row("reports", "another environment", put("report.environment", "staging"), "report.environment"),
    row("reports", "a conclusion nobody knows", put("report.conclusion", "compliant"), "report.conclusion"),
    row(
        "reports",
        "healthy on nothing",
        both(put("report.conclusion", "healthy"), put("report.evidence", []), put("report.findings", [])),
        "report.no_evidence",
        "report.compliance_evidence",
    ),
    row(
        "reports",
        "compliant by a list of assets",
        put("report.evidence", ["query_assets"]),
        "report.compliance_evidence",
    ),
    row("reports", "findings without any", put("report.findings", []), "report.no_findings"),
    row(
        "reports",
        "a finding that cites nothing",
        put("report.findings.0.receipts", 0),
        "report.finding_without_receipt",
    ),
    row("reports", "a report with phases", put("report.fields", ["phases"]), "report.has_actions"),
    row("reports", "handed over to itself", put("report.hands_over_to", "compliance_audit"), "report.handover"),
    row("reports", "handed over to nobody", put("report.hands_over_to", "root"), "report.handover"),
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
