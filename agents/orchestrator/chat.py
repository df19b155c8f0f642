"""The one interface to a model: a request, a reply, and errors named by what the caller must do."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Literal, Protocol

from agents.orchestrator.images import Image
from tools.contracts.common import JsonObject, Mode


@dataclass(frozen=True)
class Capabilities:
    """What a model can do. What it cannot is done without, or said aloud; it never ends a task."""

    vision: bool = False
    """It reads images. Without: it sits out a question that has some."""
    tools: bool = True
    """It calls functions. Without: another member works the tools."""
    streaming: bool = True
    """It answers word by word. Without: its answer comes at once."""
    json_schema: bool = True
    """Its provider takes a JSON Schema for the answer. Without: the schema stands in the prompt."""
    prompt_caching: bool = False
    """Its provider can be told to keep what the next call begins with, too."""


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
    provider: str = ""
    """Whose it is, e.g. `claude`; empty: as `model` says (`providers.catalog.provider_of`)."""
    capabilities: Capabilities | None = None
    """None: as litellm's model data has them."""


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
    images: tuple[Image, ...] = ()
    """For role `user`: what is to be looked at, before the text."""


@dataclass(frozen=True)
class ResponseSchema:
    """Structured output: the contract's name and its JSON Schema, sent natively where the provider can."""

    name: str
    schema: JsonObject


Purpose = Literal[
    "understand", "follow_up", "explain", "investigate", "report", "judge", "vote", "synthesize", "check_key", "probe"
]

JUDGING: frozenset[Purpose] = frozenset({"report", "judge", "vote", "synthesize"})
"""What a mode costs: the answers, what they have in common, the votes on them, the merging of them. Evidence costs the
same in all."""


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
    parent: str | None = None
    """Key of the call that this one repeats, follows or judges. Of votes and syntheses, which rest on several answers:
    the first of these. None: a first call."""
    prompt_checksum: str | None = None
    """`sha256:…` of the prompt's file, as :class:`agents.orchestrator.stamping.StampingClient` fills it in."""
    agent: str | None = None
    """On whose account the call is made: the specialist's name, or the layer's, e.g. `meta_prompt`."""
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
    cached_tokens: int | None = None
    """Of `prompt_tokens`, how many the provider read from its cache; None: it does not say."""


@dataclass(frozen=True)
class TextDelta:
    """More of a reply's text, as it comes. Unjudged: only the whole reply can be held against its contract."""

    text: str


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
    cached_tokens: int | None = None
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


class StreamingClient(ModelClient, Protocol):
    def stream(self, member: Member, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatReply]:
        """One call, bounded like :meth:`chat`: the text as it comes, and last the whole reply, exactly once.

        Raises :class:`ModelError`, also for an answer that was cut: what came of it until then is worth nothing.
        """
        ...


ModelErrorKind = Literal["timeout", "rate_limited", "auth", "unavailable", "bad_response", "too_long", "unable"]
"""`unable`: nothing was asked, because the member's model cannot do it."""


class ModelError(Exception):
    """A member did not answer. `kind` says what to do: wait, fix a key, ask another member."""

    def __init__(self, kind: ModelErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind: ModelErrorKind = kind
