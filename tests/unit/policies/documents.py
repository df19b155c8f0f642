"""Inputs that each package allows. Rows of the decision table and the missing-key tests start from these."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import timedelta

from policies.engine import is_list, is_object
from tests.unit.policies.plans import CATALOG, NOW, ORG, REQUESTER, TASK, WINDOW, make_plan
from tools.contracts.common import JsonObject

DIGEST = "sha256:" + "a" * 64
Change = Callable[[JsonObject], object]


def plan_document() -> JsonObject:
    return {
        "org": ORG,
        "now": NOW.isoformat(),
        "freezes": [],
        "caller": {"user": REQUESTER, "roles": ["operator"]},
        "task": {"environment": "production"},
        "tools": {name: entry["risk"] for name, entry in CATALOG.items()},
        "plan": make_plan(30).model_dump(mode="json"),
    }


def tools_document() -> JsonObject:
    return {
        "now": NOW.isoformat(),
        "task_id": TASK,
        "caller": {"org": ORG, "user": REQUESTER, "roles": ["operator"]},
        "tool": {"name": "execute_rollout_prod", "risk": "state_change_prod", "scope": "asset", "server": None},
        "call": {
            "tool": "execute_rollout_prod",
            "environment": "production",
            "allowed_tools": ["execute_rollout_prod"],
            "asset_ids": ["web-0001"],
        },
        "grant": {
            "org": ORG,
            "task_id": TASK,
            "plan_digest": DIGEST,
            "policy_digest": DIGEST,
            "environment": "production",
            "phase": "Canary",
            "tools": ["execute_rollout_prod"],
            "asset_ids": ["web-0001", "web-0002"],
            "expires_at": (NOW + timedelta(minutes=15)).isoformat(),
            "approvers": ["U0BOSS"],
            "waiver": "",
            "mac": "m",
        },
    }


def commands_document() -> JsonObject:
    return {
        "caller": {"org": ORG, "user": REQUESTER, "roles": ["approver"]},
        "command": "freeze.declare",
        "surface": "form",
    }


def approval_document() -> JsonObject:
    return {
        "caller": {"org": ORG, "user": REQUESTER},
        "task": {"risk_level": "high"},
        "plan": {"org": ORG, "environment": "production", "asset_ids": [f"web-{n:04d}" for n in range(30)]},
        "council": {
            "mode": "council",
            "consensus": True,
            "dissent": 1,
            "opposed": 0,
            "unheard": 0,
            "agreement": 0.9,
            "degraded": None,
        },
        "approval_expiry_seconds": None,
    }


def execution_document() -> JsonObject:
    return {
        "now": NOW.isoformat(),
        "freezes": [],
        "phase": "Canary",
        "phase_index": 0,
        "requester": REQUESTER,
        "approvers": [{"org": ORG, "user": "U0BOSS", "roles": ["approver"]}],
        "plan": {
            "org": ORG,
            "environment": "production",
            "maintenance_window": WINDOW.model_dump(mode="json"),
        },
        "requirement": {"roles": ["approver", "admin"], "quorum": 1},
        "policy_digest": {"approved": DIGEST, "loaded": DIGEST},
        "autonomy": {"mode": "approve_all", "relied_on": False, "unattended_phases": 0, "blockers": []},
    }


def autonomy_document() -> JsonObject:
    return {
        "now": NOW.isoformat(),
        "caller": {"org": ORG, "user": REQUESTER, "alerted": False},
        "task": {"risk_level": "low"},
        "plan": {
            "org": ORG,
            "environment": "staging",
            "asset_ids": ["web-0001", "web-0002"],
            "phases": [{"type": "canary", "actions": [{"tool": "execute_rollout_nonprod"}]}],
            "rollback": {"actions": [{"tool": "execute_rollout_nonprod"}]},
        },
        "tools": {name: entry["risk"] for name, entry in CATALOG.items()},
        "assets": [{"id": f"web-000{n}", "platform": "aws", "tags": {"role": "web"}} for n in (1, 2)],
        "last_change_at": None,
    }


def images_document() -> JsonObject:
    return {
        "now": NOW.isoformat(),
        "org": ORG,
        "operation": "build_and_promote",
        "promote_to": "staging",
        "images": [
            {
                "id": "img-1",
                "org_id": ORG,
                "family": "web-base",
                "version": "5.2.0",
                "status": "production",
                "signed": True,
            }
        ],
        "contract": {
            "family": "web-base",
            "version": "5.3.0",
            "base_image_id": "img-1",
            "cis_level": 1,
            "packages": [{"name": "nginx"}],
            "hardening": ["ssh_no_root_login", "auditd_enabled", "kernel_sysctl_cis"],
            "monitoring_agents": ["node-exporter"],
        },
        "built": {
            "image_id": "img-9",
            "status": "dev",
            "signed": True,
            "sbom_url": "https://sbom.example/img-9",
            "tests": [{"name": "boots", "passed": True}],
            "scan": {"scanned_at": NOW.isoformat(), "critical": 0, "high": 0},
        },
    }


def reports_document() -> JsonObject:
    return {
        "org": ORG,
        "task": {"environment": "production", "task_type": "compliance_audit"},
        "report": {
            "kind": "ComplianceReport",
            "org": ORG,
            "environment": "production",
            "conclusion": "findings",
            "fields": ["conclusion", "findings", "kind"],
            "evidence": ["check_control"],
            "findings": [{"receipts": 1}],
            "hands_over_to": "patch_rollout",
        },
    }


DOCUMENTS: dict[str, Callable[[], JsonObject]] = {
    "ql.ai.safety": plan_document,
    "ql.ai.tools": tools_document,
    "ql.ai.approval": approval_document,
    "ql.ai.execution": execution_document,
    "ql.ai.autonomy": autonomy_document,
    "ql.ai.commands": commands_document,
    "ql.ai.images": images_document,
    "ql.ai.reports": reports_document,
}

OPTIONAL = frozenset({"id", "summary", "tool_call_id", "result_digest", "value"})
"""Names that no package reads below the top of a plan."""


def put(path: str, value: object) -> Change:
    """Sets a dotted path, e.g. `plan.phases.0.type`."""

    def change(document: JsonObject) -> None:
        holder, last = _holder(document, path)
        # A later change goes into this document, and into no other row's.
        own = copy.deepcopy(value)
        if is_list(holder):
            holder[int(last)] = own
        elif is_object(holder):
            holder[last] = own

    return change


def drop(path: str) -> Change:
    """Removes a dotted path."""

    def change(document: JsonObject) -> None:
        holder, last = _holder(document, path)
        if is_list(holder):
            del holder[int(last)]
        elif is_object(holder):
            del holder[last]

    return change


def both(*changes: Change) -> Change:
    def change(document: JsonObject) -> None:
        for one in changes:
            one(document)

    return change


def changed(package: str, change: Change) -> JsonObject:
    document = copy.deepcopy(DOCUMENTS[package]())
    change(document)
    return document


def paths(value: object, prefix: str = "") -> Iterator[str]:
    """Every object member's dotted path, at any depth; of a list, its first element stands for all."""
    if is_object(value):
        for key, item in value.items():
            yield f"{prefix}{key}"
            yield from paths(item, f"{prefix}{key}.")
    elif is_list(value) and value:
        yield from paths(value[0], f"{prefix}0.")


def _holder(document: JsonObject, path: str) -> tuple[object, str]:
    *way, last = path.split(".")
    holder: object = document
    for step in way:
        holder = holder[int(step)] if is_list(holder) else holder[step] if is_object(holder) else None
    return holder, last
