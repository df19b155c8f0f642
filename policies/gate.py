"""What a gate is: it judges a plan and says why not. Nothing else about a plan is decided here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from tools.base import Tool
from tools.contracts.common import AgentName, JsonObject
from tools.contracts.council import CouncilOutcome
from tools.contracts.identity import Caller
from tools.contracts.taskspec import TaskSpec
from tools.contracts.verdict import ApprovalRequirement, GateName, Refusal


@dataclass(frozen=True)
class JudgeContext:
    """What is true of a plan whatever the plan says. Nothing in it comes from a model."""

    caller: Caller
    """Who asked, with the roles they hold now."""
    spec: TaskSpec
    revision: int
    agent: AgentName
    contract: str
    """Name of the contract the agent's output must satisfy, e.g. `DriftRemediationPlan`."""
    plan_tools: frozenset[str]
    """Tools the agent's plans may name. Not those it may call while it investigates."""
    council: CouncilOutcome
    known_tool_calls: frozenset[str]
    """Ids of the tool calls that were really made for this task."""
    now: datetime
    approval_expiry_seconds: int | None = None
    """Overrides the policy's expiry. None: as the policy says."""


@dataclass(frozen=True)
class Finding:
    """A gate's answer. No refusals means that it lets the plan through."""

    refusals: list[Refusal] = field(default_factory=list[Refusal])
    plan: JsonObject | None = None
    """The plan in its canonical form, from the gate that first understands it: what later gates judge."""
    requirement: ApprovalRequirement | None = None


class Gate(Protocol):
    """One step of the pipeline."""

    @property
    def name(self) -> GateName: ...

    @property
    def engine(self) -> str:
        """What decides, e.g. `jsonschema`."""
        ...

    async def judge(self, plan: JsonObject, context: JudgeContext, /) -> Finding:
        """Why the plan is refused, or nothing.

        Raises :class:`policies.engine.PolicyUnavailable` or :class:`tools.connectors.base.EstateError` when what
        must be asked is away, :class:`policies.engine.PolicyUndefined` when it gave no decision.
        """
        ...


class ToolCatalog(Protocol):
    """The registry, as far as gates need it."""

    def get(self, name: str) -> Tool | None: ...


def policy_refusals(gate: GateName, decision: JsonObject) -> list[Refusal]:
    """The `deny` entries of a checked decision, in the order of their rules."""
    denied = [Refusal(gate=gate, **entry) for entry in decision["deny"]]
    return sorted(denied, key=lambda refusal: (refusal.rule, refusal.reason))
