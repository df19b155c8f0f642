"""From a TaskSpec to a plan or a report, and through the gates. Dataclasses, in their final shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.workflows.messages.request import TaskRequest
from tools.contracts.common import JsonObject
from tools.contracts.council import CouncilOutcome
from tools.contracts.outputs import AnyPlan, AnyReport
from tools.contracts.taskspec import TaskSpec
from tools.contracts.verdict import GateReport, Refusal


@dataclass(frozen=True)
class InvestigateInput:
    request: TaskRequest
    thread_ts: str
    spec: TaskSpec
    revision: int
    refusals: list[Refusal]


@dataclass(frozen=True)
class Investigated:
    """A plan, a report, or why there is neither."""

    council: CouncilOutcome
    diagnosis: str
    plan: JsonObject | None
    """As the agent wrote it: the schema gate turns it into a typed plan, or refuses it."""
    tool_call_ids: list[str]
    no_plan: Literal["inconclusive", "nothing_to_do"] | None = None
    reason: str = ""
    report: JsonObject | None = None
    """As the agent wrote it, like `plan`."""


@dataclass(frozen=True)
class JudgeInput:
    request: TaskRequest
    thread_ts: str
    spec: TaskSpec
    revision: int
    investigated: Investigated
    attempts_left: int


@dataclass(frozen=True)
class Judged:
    report: GateReport
    plan: AnyPlan | None
    """Present exactly when a plan was judged and the report allows it."""
    found: AnyReport | None = None
    """Likewise, when the agent's own report was judged."""


@dataclass(frozen=True)
class ReportInput:
    """A report of an agent that passed the gates, for the thread."""

    request: TaskRequest
    thread_ts: str
    spec: TaskSpec
    found: AnyReport
    gates: GateReport
    council: CouncilOutcome


@dataclass(frozen=True)
class HandOverInput:
    """The one hand-over of a report that passed the gates."""

    request: TaskRequest
    thread_ts: str
    found: AnyReport
