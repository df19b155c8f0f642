"""What a specialist is given, what it hands back, and what stops it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from agents.attachments import NOTHING, Attachments
from agents.orchestrator.escalation import Escalation
from agents.orchestrator.orchestrator import Orchestrator
from agents.orchestrator.remembering import Forgetful, Memory
from tools.base import ToolCall, ToolResult
from tools.contracts.common import Contract, JsonObject, Mode
from tools.contracts.council import CouncilOutcome
from tools.contracts.identity import Caller
from tools.contracts.ledger import Recorder
from tools.contracts.outputs import AnyPlan, AnyReport
from tools.contracts.plan import Evidence
from tools.contracts.progress import Progress
from tools.contracts.taskspec import TaskSpec
from tools.contracts.verdict import Refusal


class Dispatches(Protocol):
    """The part of the tool dispatcher an agent uses."""

    async def dispatch(self, call: ToolCall) -> ToolResult: ...


class InvestigationUnavailable(Exception):
    """Something the work needs did not answer (a policy engine, the ledger). Nothing was decided; try again."""


@dataclass(frozen=True)
class Assignment:
    """One round of work on one task."""

    spec: TaskSpec
    caller: Caller
    revision: int
    """From 1; one more for each repair."""
    mode: Mode
    """How the models are asked; with `escalation`, `single`."""
    orchestrator: Orchestrator
    dispatcher: Dispatches
    """Of this round: its plans and its call budget are its own."""
    progress: Progress
    recorder: Recorder
    refusals: tuple[Refusal, ...] = ()
    """Why the previous round's plan was refused."""
    memory: Memory = field(default_factory=Forgetful)
    """What an earlier attempt at this revision came to, as far as it came."""
    escalation: Escalation | None = None
    """When a council judges what one model answered. None: never."""
    attachments: Attachments = NOTHING
    """What the person attached: the same for every member, and for the one that works the tools."""
    attempt: int = 1
    """Of this revision, from 1: a retried activity states another, so that its calls are entries of their own."""

    @property
    def may_convene(self) -> bool:
        """Whether several models may be asked: what they answer is then kept, against a worker that dies meanwhile."""
        return self.mode != "single" or self.escalation is not None

    @property
    def round(self) -> str:
        """`r2`, or `r2.3` on a third attempt: names this round's calls and entries within the task."""
        return f"r{self.revision}" if self.attempt == 1 else f"r{self.revision}.{self.attempt}"


Finding = Literal["plan", "report", "nothing_to_do", "inconclusive"]


@dataclass(frozen=True)
class Conclusion:
    """What the evidence and the votes came to."""

    finding: Finding
    reason: str = ""
    """Why there is no plan, in a sentence or two. For a report: its conclusion in one."""
    plan: AnyPlan | None = None
    report: AnyReport | None = None


class AgentOutcome(Contract):
    """What a round of work came to."""

    finding: Finding
    plan: AnyPlan | None = None
    """For `plan`. A proposal: no gate has seen it."""
    plan_json: JsonObject | None = None
    """The same, as the gates and the ledger take it."""
    report: AnyReport | None = None
    """For `report`, whatever it concludes. No gate has seen it."""
    report_json: JsonObject | None = None
    diagnosis: str
    """What is the case. A figure or name in it is cited by a claim whose receipts hold. Untrusted text."""
    council: CouncilOutcome
    """Without members where the evidence was not enough to ask the models for a judgement."""
    evidence: list[Evidence]
    tool_call_ids: list[str]
    """Every call made, failed ones too, in order."""
    missing: list[str] = []
    """What would settle what is open. Untrusted text."""
    notes: list[str] = []
    """What code left out or found wrong in the models' answers, a sentence each."""
    reason: str = ""
    """Without a plan: why there is none, in a sentence or two."""


class Specialist(Protocol):
    """A layer-2 agent."""

    async def work(self, assignment: Assignment) -> AgentOutcome:
        """Raises :class:`agents.orchestrator.chat.ModelError` when no model answered,
        :class:`InvestigationUnavailable`, and `LedgerUnavailable`."""
        ...
