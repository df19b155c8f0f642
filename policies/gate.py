"""What a gate is, and what every gate is told about the plan it judges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from tools.contracts.common import AgentName, JsonObject
from tools.contracts.council import CouncilOutcome
from tools.contracts.identity import Caller
from tools.contracts.outputs import REPORTS
from tools.contracts.taskspec import TaskSpec
from tools.contracts.verdict import ApprovalRequirement, Autonomy, GateName, Refusal, Subject


@dataclass(frozen=True)
class JudgeContext:
    """Everything a gate may know besides the plan. None of it comes from a model, but for the spec's reading."""

    caller: Caller
    spec: TaskSpec
    agent: AgentName
    contract: str
    """Name of the agent's output contract."""
    revision: int
    council: CouncilOutcome
    known_tool_calls: frozenset[str]
    """Ids of the calls the investigation really made."""
    results: Mapping[str, JsonObject]
    """Call id → output, of those of them that succeeded, as the ledger has it. Receipts are checked against these."""
    approval_expiry_seconds: int | None
    """Overrides the policy's; None: as the policy says."""
    now: datetime

    @property
    def subject(self) -> Subject:
        """What the agent's contract says is judged. What is neither is a plan: it must pass everything."""
        return "report" if self.contract in REPORTS else "plan"


class Recordable(Protocol):
    """Something that a verdict rests on, to be kept with it."""

    def as_recorded(self, plan: JsonObject, /) -> JsonObject: ...


@dataclass(frozen=True)
class Finding:
    """One gate's answer."""

    refusals: list[Refusal]
    engine: str
    policy_digest: str | None = None
    """Of the policies that decided, from the gate that asked them."""
    plan: JsonObject | None = None
    """The plan in its canonical form, from the gate that first understands it: what later gates judge."""
    requirement: ApprovalRequirement | None = None
    autonomy: Autonomy | None = None
    off: bool = False
    """The gate is switched off, and judged nothing."""
    documents: Mapping[str, JsonObject] = field(default_factory=dict[str, JsonObject])
    """Package → what the policies were asked, so that it can be explained, and asked again of other policies."""
    seen: Recordable | None = None
    """What the gate saw besides the plan, from the gate that looks at the estate."""


class Gate(Protocol):
    """Judges one aspect of a plan.

    Raises `PolicyUnavailable` or `EstateError` when what it must ask is away.
    """

    @property
    def name(self) -> GateName: ...

    async def judge(self, plan: JsonObject, context: JudgeContext) -> Finding: ...


Catalog = Mapping[str, JsonObject]
"""Tool name → `risk`, `scope` and `input_schema`."""

Clock = Callable[[], datetime]
