"""What a tool is: a name, two schemas, a risk, a scope, and a function that computes from data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from tools.connectors.advisories import AdvisorySource
from tools.connectors.base import Estate
from tools.contracts.common import JsonObject, ToolRisk, ToolScope
from tools.contracts.grant import ExecutionGrant
from tools.contracts.identity import Caller
from tools.origin import Origin


@dataclass(frozen=True)
class ToolCall:
    """One call, as it enters the dispatcher."""

    id: str
    """Unique within the task; receipts cite it. For a state change it is also the idempotency key."""
    tool: str
    params: JsonObject
    caller: Caller
    task_id: str
    allowed_tools: frozenset[str]
    """The calling agent's own tools (or the phase's). Anything else is refused, whatever the registry holds."""
    environment: str | None = None
    """The task's environment: a call that reaches outside it is refused. None: read-only estate-wide."""
    grant: ExecutionGrant | None = None
    actor: str = "gavel"
    """Who calls, for the ledger: `agent:<name>` in an investigation, `gavel` in an execution."""


FailureKind = Literal[
    "unknown_tool",
    "not_allowed",
    "invalid_input",
    "out_of_scope",
    "no_grant",
    "policy",
    "budget",
    "timeout",
    "tool_error",
    "invalid_output",
    "unavailable",
]


@dataclass(frozen=True)
class ToolFailure:
    """Why a call has no output. A model sees this, with what it asked; never an empty result."""

    kind: FailureKind
    message: str


@dataclass(frozen=True)
class ToolResult:
    call: ToolCall
    output: JsonObject | None
    """Validated against the tool's output schema; None exactly when `failure` is set."""
    failure: ToolFailure | None
    digest: str
    """Of the output (or of the failure)."""
    duration_ms: float

    @property
    def ok(self) -> bool:
        return self.failure is None


class ToolError(Exception):
    """A tool could not do what it was asked. The message is for the model: what was wrong, what would be right."""


class PlanStore(Protocol):
    """Plans that one tool of an investigation wrote and another reads. Keys carry the org and the task."""

    async def put(self, org: str, task_id: str, plan_id: str, plan: JsonObject) -> None:
        """Keep a plan. The id is derived from the content, so that a second put of it changes nothing."""
        ...

    async def get(self, org: str, task_id: str, plan_id: str) -> JsonObject | None:
        """The plan, or None when this task wrote none with this id."""
        ...


@dataclass(frozen=True)
class ToolContext:
    """What a tool function may use. It never sees parameters that name an org."""

    caller: Caller
    task_id: str
    call_id: str
    estate: Estate
    advisories: AdvisorySource
    """Public CVE data. It belongs to no org."""
    plans: PlanStore
    now: Callable[[], datetime]


@dataclass(frozen=True)
class Tool:
    """A registry entry. Input and output are Pydantic models; their JSON Schemas are what models and gates see."""

    name: str
    description: str
    """For a model to choose by: what it returns, when to use it, what it does not do."""
    input: type[BaseModel]
    output: type[BaseModel]
    risk: ToolRisk
    scope: ToolScope
    idempotent: bool
    timeout_seconds: float
    run: Callable[[Any, ToolContext], Awaitable[BaseModel]]
    origin: Origin | None = None
    """Of a tool that a server offers; its parameters' schema is then `origin.parameters.schema`. None: Gavel's own."""


class ToolAuthorizer(Protocol):
    """Layer 4's say on a single call (OPA, package `ql.ai.tools`)."""

    async def authorize(self, tool: Tool, call: ToolCall) -> list[str]:
        """Reasons to refuse; empty means allowed. Raises when the engine cannot be asked: the call is then refused."""
        ...
