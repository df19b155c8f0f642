"""The words every contract uses, and how a contract is digested."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Environment = Literal["development", "staging", "production"]
Platform = Literal["aws", "azure", "gcp", "vsphere", "k8s"]
RiskLevel = Literal["low", "medium", "high", "critical"]
"""How much harm a task could do. Drives the approval requirement (ADR-007, principle 2)."""

Mode = Literal["single", "aggregation", "council"]
"""ADR-006: how the models behind an agent answer."""

AgentName = Literal["drift", "patch", "compliance", "incident", "dr", "cost", "security", "image"]
"""ADR-007: the eight specialist agents."""

TaskType = Literal[
    "drift_remediation",
    "patch_rollout",
    "compliance_audit",
    "incident_analysis",
    "dr_readiness",
    "cost_optimization",
    "security_review",
    "image_lifecycle",
]

ToolRisk = Literal["read_only", "plan_only", "state_change_nonprod", "state_change_prod"]
"""ADR-007, tool categories. The two `state_change_*` risks need an execution grant; nothing waives it."""

ToolScope = Literal["asset", "environment", "org"]

JsonObject = dict[str, Any]
"""A JSON object as `json.loads` returns it."""


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class Contract(BaseModel):
    """Base of everything that crosses a layer: immutable, and an unknown field is an error.

    So is a number that is none: a model can write `NaN` where a number is asked for, and JSON has no such value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def canonical_json(value: BaseModel | JsonObject | list[Any]) -> bytes:
    """UTF-8 JSON with sorted keys and no white space, so that equal values have equal bytes."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return _CANONICAL.encode(plain).encode()


def digest_of(value: BaseModel | JsonObject | list[Any]) -> str:
    """`sha256:` and 64 hex digits over :func:`canonical_json`."""
    return "sha256:" + hashlib.sha256(canonical_json(value)).hexdigest()
