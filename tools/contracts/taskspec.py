"""Layer 1's output: what a person (or an alert) asked for, as data. ADR-007, "User Intent → TaskSpec"."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from tools.contracts.common import AgentName, Contract, Environment, Mode, Platform, RiskLevel, TaskType
from tools.contracts.modes import ModeChoice


class Tag(Contract):
    key: str = Field(min_length=1, max_length=64)
    value: str = Field(max_length=128)


class TimeWindow(Contract):
    """From `start` (inclusive) to `end` (exclusive), both with a time zone."""

    start: datetime
    end: datetime


Name = Annotated[str, Field(min_length=1, max_length=128)]
"""Of a region, a site, an asset, a subject."""


class TaskContext(Contract):
    """Which part of the estate a task is about. Empty lists mean "not narrowed by this"."""

    platforms: list[Platform] = Field(default=[], max_length=10)
    regions: list[Name] = Field(default=[], max_length=50)
    sites: list[Name] = Field(default=[], max_length=50)
    asset_ids: list[Name] = Field(default=[], max_length=1000)
    tags: list[Tag] = Field(default=[], max_length=20)
    """All must match, e.g. `role=web`."""
    subjects: list[Name] = Field(default=[], max_length=20)
    """What it is about besides machines, as it was written: a CVE, an image family, a framework, a service, an alert.
    It narrows no asset list by itself."""
    time_range: TimeWindow | None = None
    """What to look back at, e.g. for an incident or a bill."""
    maintenance_window: TimeWindow | None = None
    """When changes may run, where the person named a time."""


class Constraints(Contract):
    """What the person asked of the rollout. A wish, not a permission: every gate still applies."""

    max_batch_percent: float | None = Field(default=None, gt=0, le=100)
    """Percent of the affected assets changed in one wave."""
    canary_size: int | None = Field(default=None, ge=1)
    """Assets changed first."""
    wait_seconds: int | None = Field(default=None, ge=0)
    """Pause after the canary."""
    notes: list[Annotated[str, Field(max_length=300)]] = Field(default=[], max_length=10)


class Question(Contract):
    """The one thing the meta-prompt engine needs to know before it can go on."""

    text: str = Field(min_length=1, max_length=300)
    choices: list[str] = Field(default=[], max_length=5)
    """Likely answers, shown as buttons. Each at most 75 characters (Slack button text)."""


class Intent(Contract):
    """One of several things that a single message asks for."""

    words: str = Field(min_length=1, max_length=2000)
    """The part of the message that asks for it, exactly as it was written: code looks for it there."""
    goal: str = Field(min_length=1, max_length=200)
    """One sentence, for the person who confirms the list."""
    task_type: TaskType | None = None
    environment: Environment | None = None


MAX_INTENTS = 5


class TaskDraft(Contract):
    """What a model answers in layer 1. Identity (org, user, id) is never the model's to state."""

    kind: Literal["task", "question", "several", "decline"]
    """`several`: more than one task; `intents` lists them in the order they should be done."""
    task_type: TaskType | None = None
    goal: str = Field(max_length=400)
    """One sentence. For `decline`: why, kindly."""
    environment: Environment | None = None
    environment_words: str = Field(default="", max_length=200)
    """The words of the request that name the environment, exactly as written: code looks for them there."""
    context: TaskContext = TaskContext()
    constraints: Constraints = Constraints()
    risk_level: RiskLevel = "high"
    confidence: float = Field(ge=0, le=1)
    question: Question | None = None
    intents: list[Intent] = Field(default=[], max_length=MAX_INTENTS)
    open_questions: list[Annotated[str, Field(max_length=300)]] = Field(default=[], max_length=5)
    """What is left open without standing in the way, e.g. whether a standby counts."""


class TaskSpec(Contract):
    """A task as every later layer sees it. Built in code from a :class:`TaskDraft` and the caller."""

    id: str
    """The workflow id: it carries the org and the message it came from."""
    task_type: TaskType
    goal: str
    user_intent: str
    """The request as it was written, after redaction. Untrusted text."""
    org: str
    user: str
    """Slack user id, or `alert:<fingerprint>`."""
    environment: Environment
    context: TaskContext
    constraints: Constraints
    agents: list[AgentName]
    tools_required: list[str]
    risk_level: RiskLevel
    approval_required: bool
    timeout_seconds: int
    mode: Mode
    """How the models are asked first."""
    mode_choice: ModeChoice | None = None
    """Who or what chose it, and whether a council may be called in later. None: of a task from before this was kept."""
    confidence: float
    open_questions: list[str] = []
    follows: str | None = None
    """The task of the same thread that this one goes on from."""
