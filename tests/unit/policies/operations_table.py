"""Rows of the decision table about plans that rebuild no machine: drills, failovers, images."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.unit.policies.documents import Change, both, put
from tests.unit.policies.plans import ORG, WINDOW
from tools.contracts.common import JsonObject

MACHINES = [f"m-{number}" for number in range(1, 13)]
HERE = "plan.phases.0.actions.0"


def phase(name: str, kind: str, action: JsonObject | None, *checks: JsonObject) -> JsonObject:
    return {
        "name": name,
        "type": kind,
        "asset_ids": action["asset_ids"] if action else [],
        "batch_percent": 100 if action and action["asset_ids"] else 0,
        "wait_seconds": 0,
        "actions": [action] if action else [],
        "health_checks": [],
        "resource_checks": list(checks),
    }


def check(kind: str, resource: str) -> JsonObject:
    return {"kind": kind, "resource_id": resource, "timeout_seconds": 5}


def moving(tool: str, **params: Any) -> JsonObject:
    named: JsonObject = {"dr_pair_id": "dr-1", "asset_ids": MACHINES, "environment": "production", **params}
    return {"id": tool, "tool": tool, "params": named, "asset_ids": MACHINES, "resource_ids": ["dr-1"]}


def runbook(operation: str, action: JsonObject, rollback: list[JsonObject]) -> JsonObject:
    return {
        "kind": "DRRunbook",
        "org": ORG,
        "environment": "production",
        "summary": "About dr-1.",
        "asset_ids": MACHINES,
        "phases": [
            phase("Run", "canary", action, check("as_expected", "dr-1")),
            phase("Measure", "verify", None, check("rto_met", "dr-1")),
        ],
        "rollback": {
            "conditions": [{"kind": "health_check_failed", "threshold": None}],
            "actions": rollback,
            "note": "" if rollback else "Traffic stays.",
        },
        "maintenance_window": WINDOW.model_dump(mode="json"),
        "resources": [{"kind": "dr_pair", "id": "dr-1"}],
        "pair_id": "dr-1",
        "operation": operation,
        "days_since_passed_test": 12.5,
        "max_data_loss_minutes": 4 if rollback else None,
        "simulation": {"not_passed": [], "data_loss_minutes": 3.5},
    }


DRILL = runbook("drill", moving("trigger_dr_drill"), [])
FAILOVER = runbook(
    "failover",
    moving("trigger_dr_failover", max_data_loss_minutes=4),
    [moving("trigger_dr_failover", max_data_loss_minutes=4, rollback=True)],
)


def promotion(tool: str, status: str) -> JsonObject:
    params: JsonObject = {"image_id": "img-1", "to_status": status, "asset_ids": []}
    return {"id": status, "tool": tool, "params": params, "asset_ids": [], "resource_ids": ["img-1"]}


def spec(environment: str, action: JsonObject) -> JsonObject:
    return {
        "kind": "ImageSpec",
        "org": ORG,
        "environment": environment,
        "summary": "Promote img-1.",
        "asset_ids": [],
        "phases": [phase("Promote", "canary", action, check("image_fit", "img-1"))],
        "rollback": {
            "conditions": [{"kind": "health_check_failed", "threshold": None}],
            "actions": [],
            "note": "Nothing runs it.",
        },
        "maintenance_window": None,
        "resources": [{"kind": "image", "id": "img-1"}],
        "image_id": "img-1",
        "operation": "promote",
    }


IMAGE = spec("staging", promotion("promote_image_nonprod", "staging"))
LIVE_IMAGE = spec("production", promotion("promote_image", "production"))


def about(plan: JsonObject, *changes: Change) -> Change:
    # A copy: what a row changes in it is its own.
    changed = both(lambda document: put("plan", deepcopy(plan))(document), put("task.environment", plan["environment"]))
    for change in changes:
        changed = both(changed, change)
    return changed


OPERATIONS: tuple[tuple[str, Change, tuple[str, ...]], ...] = (
    ("a drill", about(DRILL), ()),
    ("a failover with its way back", about(FAILOVER), ()),
    ("an image to staging", about(IMAGE), ()),
    ("an image to production, which needs no window", about(LIVE_IMAGE), ()),
    (
        "an image plan that rolls out",
        about(IMAGE, put(f"{HERE}.tool", "execute_rollout_nonprod")),
        ("plan.foreign_tool",),
    ),
    (
        "a runbook that rolls out",
        about(DRILL, put(f"{HERE}.tool", "execute_rollout_nonprod")),
        ("plan.foreign_tool", "plan.tool_environment"),
    ),
    (
        "an image plan with machines",
        about(IMAGE, put(f"{HERE}.params.asset_ids", ["m-1"])),
        ("plan.image_changes_assets", "plan.asset_not_in_plan"),
    ),
    ("an image plan about another image", about(IMAGE, put("plan.resources.0.id", "img-2")), ("plan.one_resource",)),
    ("a runbook about no pair", about(DRILL, put("plan.resources", [])), ("plan.one_resource",)),
    ("a call about another pair", about(DRILL, put(f"{HERE}.params.dr_pair_id", "dr-2")), ("plan.other_resource",)),
    (
        "a drill that fails over",
        about(FAILOVER, put("plan.operation", "drill")),
        ("plan.drill_moves_traffic",),
    ),
    (
        "a failover without a test",
        about(FAILOVER, put("plan.days_since_passed_test", None)),
        ("plan.failover_untested",),
    ),
    (
        "a failover tested long ago",
        about(FAILOVER, put("plan.days_since_passed_test", 30.5)),
        ("plan.failover_untested",),
    ),
    ("a drill tested long ago", about(DRILL, put("plan.days_since_passed_test", 300)), ()),
    (
        "a failover that loses more",
        about(FAILOVER, put("plan.simulation.data_loss_minutes", 9)),
        ("plan.failover_loss",),
    ),
    (
        "a failover of unknown loss",
        about(FAILOVER, put("plan.simulation.data_loss_minutes", None)),
        ("plan.failover_loss",),
    ),
    (
        "a site without room",
        about(DRILL, put("plan.simulation.not_passed", ["recovery_capacity", "rpo_met"])),
        ("plan.recovery_site",),
    ),
    ("a drill that says not why it stays", about(DRILL, put("plan.rollback.note", "")), ("plan.no_rollback_action",)),
    ("a runbook without a window", about(DRILL, put("plan.maintenance_window", None)), ("plan.no_maintenance_window",)),
    (
        "a kind that nobody knows",
        about(IMAGE, put("plan.kind", "Other")),
        ("plan.no_assets", "plan.no_rollback_action", "plan.phase_changes_nothing"),
    ),
)
