"""The one interface to a model: a request, a reply, and errors named by what the caller must do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from tools.contracts.common import JsonObject, Mode


@dataclass(frozen=True)
class Member:
    """A configured model that can answer, alone or on a council."""

    name: str
    """Shown in threads, e.g. `Claude`. Unique."""
    model: str
    """litellm's name, e.g. `anthropic/claude-sonnet-4-5`."""
    family: str
    """Vendor or model family: members of one family share one effective vote."""
    api_base: str | None = None
    api_key: str | None = field(default=None, repr=False)
    simulated: bool = False
    """True for rehearsal models; every thread they speak in says so."""
    extra: tuple[tuple[str, str], ...] = ()
    """More litellm arguments, e.g. `("api_version", "2024-10-21")`."""


@dataclass(frozen=True)
class ToolSpec:
    """A tool as a model sees it."""

    name: str
    description: str
    parameters: JsonObject
    """JSON Schema of the input."""


@dataclass(frozen=True)
class ToolUse:
    """A tool call a model asked for. `arguments` is what it wrote: untrusted, perhaps not JSON."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class ChatMessage:
    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_uses: tuple[ToolUse, ...] = ()
    tool_use_id: str | None = None
    """For role `tool`: which :class:`ToolUse` this answers."""


@dataclass(frozen=True)
class ResponseSchema:
    """Structured output: the contract's name and its JSON Schema, sent natively where the provider can."""

    name: str
    schema: JsonObject


Purpose = Literal["understand", "follow_up", "explain", "investigate", "report", "vote", "synthesize"]

JUDGING: frozenset[Purpose] = frozenset({"report", "vote", "synthesize"})
"""What a mode costs: the answers, the votes on them, the merging of them. Evidence costs the same in all."""


@dataclass(frozen=True)
class ChatRequest:
    messages: tuple[ChatMessage, ...]
    purpose: Purpose
    org: str
    task_id: str
    user: str
    mode: Mode
    prompt_id: str
    prompt_version: str
    key: str
    """Unique within the task; names the call in the request log and the ledger."""
    tools: tuple[ToolSpec, ...] = ()
    response: ResponseSchema | None = None
    max_tokens: int = 4096
    temperature: float | None = None
    deadline_seconds: float = 60


@dataclass(frozen=True)
class ChatReply:
    text: str
    tool_uses: tuple[ToolUse, ...]
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    """None means unknown, which is not zero."""
    duration_ms: int


@dataclass(frozen=True)
class CallRecord:
    """One provider call, as `ai_request_logs` keeps it (ADR-006, request logging). Failures too."""

    request: ChatRequest
    member: str
    provider: str
    model: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    duration_ms: int
    success: bool
    error_class: str | None = None
    error_message: str | None = None
    """Redacted: never holds a key."""


class CallLog(Protocol):
    async def log(self, record: CallRecord) -> None:
        """Write one row. Raises `LedgerUnavailable` when it cannot."""
        ...


class ModelClient(Protocol):
    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        """One call, bounded by `request.deadline_seconds`. Raises :class:`ModelError`."""
        ...


ModelErrorKind = Literal["timeout", "rate_limited", "auth", "unavailable", "bad_response", "too_long"]


class ModelError(Exception):
    """A member did not answer. `kind` says what to do: wait, fix a key, ask another member."""

    def __init__(self, kind: ModelErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind: ModelErrorKind = kind
