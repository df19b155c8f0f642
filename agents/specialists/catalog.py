"""Which kinds of work have an agent. An agent is added here, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.orchestrator.chat import Member, ModelClient
from agents.specialists.base import Specialist
from agents.specialists.capability import Capability
from agents.specialists.compliance import ComplianceAgent
from agents.specialists.cost import CostAgent
from agents.specialists.dr import DRAgent
from agents.specialists.drift import DriftAgent
from agents.specialists.image import ImageAgent
from agents.specialists.incident import IncidentAgent
from agents.specialists.patch import PatchAgent
from agents.specialists.security import SecurityAgent
from agents.specialists.specialist import RolloutDefaults, SpecialistAgent
from prompts.library import PromptLibrary
from tools.contracts.common import AgentName, TaskType
from tools.registry import ToolRegistry

AGENTS: tuple[type[SpecialistAgent], ...] = (
    DriftAgent,
    PatchAgent,
    IncidentAgent,
    SecurityAgent,
    ComplianceAgent,
    CostAgent,
    DRAgent,
    ImageAgent,
)
"""In the order in which Gavel says what it can do."""

CAPABILITIES: Mapping[TaskType, Capability] = {agent.capability.task_type: agent.capability for agent in AGENTS}

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


def build_agents(
    client: ModelClient,
    members: Sequence[Member],
    prompts: PromptLibrary,
    *,
    registry: ToolRegistry,
    defaults: RolloutDefaults | None = None,
) -> dict[AgentName, Specialist]:
    """Every agent, by name. The first member leads their investigations."""
    chosen = defaults or RolloutDefaults()
    return {agent.capability.agent: agent(client, members, prompts, registry, chosen) for agent in AGENTS}
