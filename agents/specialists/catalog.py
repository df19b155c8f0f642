"""Which kinds of work have an agent, and which tools each agent may call."""

from __future__ import annotations

from dataclasses import dataclass

from tools.contracts.common import AgentName, TaskType


@dataclass(frozen=True)
class Capability:
    """One agent, as layer 1 hands work to it."""

    agent: AgentName
    can: str
    """Completes "I can …", for a person."""
    tools: tuple[str, ...]
    """Its read-only and plan-only tools (ADR-007). No agent is given a tool that changes state."""


CAPABILITIES: dict[TaskType, Capability] = {
    "drift_remediation": Capability(
        agent="drift",
        can="find servers that have drifted from their golden image and plan how to bring them back",
        tools=(
            "get_drift_status",
            "query_assets",
            "get_golden_image",
            "compare_versions",
            "check_health",
            "generate_patch_plan",
            "simulate_rollout",
        ),
    ),
}

TASK_NAMES: dict[TaskType, str] = {
    "drift_remediation": "drift remediation",
    "patch_rollout": "patch rollouts",
    "compliance_audit": "compliance audits",
    "incident_analysis": "incident analysis",
    "dr_readiness": "disaster-recovery checks",
    "cost_optimization": "cost optimization",
    "security_review": "security reviews",
    "image_lifecycle": "image builds and promotions",
}


def what_gavel_can() -> str:
    """One sentence for people."""
    return f"I can {'; '.join(capability.can for capability in CAPABILITIES.values())}."
