"""Decisions on plans."""

from __future__ import annotations

from datetime import timedelta

from tests.unit.policies.decision_rows import row, same
from tests.unit.policies.documents import Change, both, drop, put
from tests.unit.policies.plans import NOW, ORG, make_plan
from tools.contracts.common import JsonObject


def _plan(count: int, *, canary: int = 2, batch_percent: float = 20) -> Change:
    return put("plan", make_plan(count, canary=canary, batch_percent=batch_percent).model_dump(mode="json"))


def _nonprod(environment: str) -> Change:
    plan = make_plan(10, batch_percent=100, environment="staging").model_dump(mode="json")
    return both(put("plan", {**plan, "environment": environment}), put("task.environment", environment))


def _frozen(environment: str) -> JsonObject:
    end = (NOW + timedelta(days=1)).isoformat()
    start = (NOW - timedelta(days=1)).isoformat()
    return {"org": ORG, "environment": environment, "reason": "year end", "start": start, "end": end}


IDS = [f"web-{number:04d}" for number in range(1, 31)]

WAIT = "plan.phases.1"

PLAN = (
    row("safety", "a good plan", same),
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
