"""What lives in a task's workflow, and what a finished one reports. Dataclasses, in their final shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bot.workflows.messages.request import Answer, TaskRequest
from tools.contracts.common import Environment
from tools.contracts.control import Control
from tools.contracts.council import CouncilOutcome
from tools.contracts.decision import ReasonKind
from tools.contracts.outputs import AnyPlan
from tools.contracts.taskspec import Intent, Question, TaskSpec
from tools.contracts.verdict import ApprovalRequirement, GateReport, Waiver

TaskStatus = Literal[
    "received",
    "understanding",
    "asking",
    "working_on_parts",
    "investigating",
    "validating",
    "awaiting_approval",
    "executing",
    "done",
]

Outcome = Literal[
    "completed",
    "failed",
    "rolled_back",
    "refused",
    "rejected",
    "expired",
    "cancelled",
    "declined",
    "inconclusive",
    "nothing_to_do",
    "reported",
    "unanswered",
    "parts_ended",
    "plan_only",
]


@dataclass(frozen=True)
class Elsewhere:
    """A reply that names another environment than its task's. A plan never moves: its writer is asked what is meant."""

    question_id: str
    environment: Environment
    reply: Answer
    """As the edge signed it."""
    asked_at: str
    """The ts of the question's card."""


@dataclass
class Exchange:
    """A question that was asked, and its answer."""

    question_id: str
    question: Question
    answer: str | None = None
    asked_at: str = ""
    """The ts of the question's card."""
    files: list[str] = field(default_factory=list[str])
    """Slack's ids of what was attached to the answer."""
    intents: list[Intent] = field(default_factory=list[Intent])
    """Of a list of several tasks, put as a question; empty: it is another one."""
    until: str = ""
    """How long it waits for its answer."""


@dataclass(frozen=True)
class Given:
    """An approval that counts."""

    user: str
    at: str
    """When, as the edge saw the click. RFC 3339, UTC."""
    behalf: str = ""
    """Who lent the role they approved by; empty: it was their own."""
    lent_until: str = ""


@dataclass
class Proposal:
    """A revision that passed the gates and waits for people."""

    revision: int
    plan: AnyPlan
    report: GateReport
    requirement: ApprovalRequirement
    council: CouncilOutcome
    nonce: str
    expires_at: str
    offered_at: str = ""
    card_ts: str = ""
    environment_size: int | None = None
    """Assets in the plan's environment when it was offered; None: it was not yet."""
    open: bool = False
    """Whether its card has buttons now: it waits for people."""
    given: list[Given] = field(default_factory=list[Given])
    """Of distinct people, in the order they approved."""
    shapers: list[str] = field(default_factory=list[str])
    """Who changed by a reply what was planned. They approve it no more than the one who asked does."""
    reminders: list[str] = field(default_factory=list[str])
    """The ts of each message that says that it waits."""
    nudged_at: str = ""
    """The last moment of those at which it is brought to mind that is over."""
    decided: list[str] = field(default_factory=list[str])
    """Everyone whose decision on this revision was weighed and counted: the nonce is spent for them."""

    @property
    def approvals(self) -> list[str]:
        """Who approved, in that order."""
        return [each.user for each in self.given]

    @property
    def unattended_phases(self) -> int:
        """How many phases, from the first, run without a person's yes. In production none, whatever a report says."""
        if self.plan.environment == "production":
            return 0
        return min(self.report.unattended_phases, len(self.plan.phases))

    @property
    def waiver(self) -> Waiver:
        """The autonomy mode by which they do; empty where none does."""
        autonomy = self.report.autonomy
        return autonomy.waiver if autonomy is not None and self.unattended_phases else ""


@dataclass
class Reported:
    """A report that passed the gates and is in the thread."""

    revision: int
    digest: str
    policy_digest: str | None
    conclusion: str
    council: CouncilOutcome
    handed_over_to: str = ""
    """The id of the follow-up task; empty: there is none."""


PhaseState = Literal["waiting", "running", "done", "failed", "rolled_back", "skipped"]


@dataclass
class PhaseRecord:
    name: str
    state: PhaseState
    detail: str = ""


@dataclass(frozen=True)
class Pause:
    """Nothing of the run starts as long as this stands."""

    user: str
    at: str
    """RFC 3339, UTC."""
    until: str
    """Nobody has resumed it by then: the run is stopped."""


@dataclass
class TaskState:
    """The whole state of a task, in one place, so that it can be shown, tested and carried over."""

    request: TaskRequest
    status: TaskStatus = "received"
    thread_ts: str | None = None
    spec: TaskSpec | None = None
    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    revision: int = 0
    proposal: Proposal | None = None
    reported: Reported | None = None
    phases: list[PhaseRecord] = field(default_factory=list[PhaseRecord])
    pause: Pause | None = None
    cancelled_by: str = ""
    """Who stopped it. Nothing more is started; empty: nobody."""
    parts: list[str] = field(default_factory=list[str])
    """Ids of the tasks that the confirmed parts of the message became, so far."""
    outcome: Outcome | None = None
    detail: str = ""
    reason_kind: ReasonKind = ""
    """Of a rejection."""
    ended_by: str = ""
    """Who rejected or cancelled."""
    heard: list[str] = field(default_factory=list[str])
    """`Answer.unique` of every reply that was used, or whose writer was told that it was not."""
    follow_ups: int = 0
    """Replies that were read while a plan waited."""
    shapers: list[str] = field(default_factory=list[str])
    """Who refined the task by a reply, once for each refinement."""
    elsewhere: list[Elsewhere] = field(default_factory=list[Elsewhere])
    """Questions about another environment that are open."""
    approved: bool = False
    """Whether the plan, or what was left of it, has its quorum."""
    next_phase: int = 0
    """Index of the phase that is run, or comes next."""
    wait_until: str = ""
    """When the pause of the plan that goes on is over; empty: none does."""
    touched: list[str] = field(default_factory=list[str])
    """Assets that the run changed or may have changed."""
    resources: list[str] = field(default_factory=list[str])
    """The same of what is no asset."""
    refusals: int = 0
    """Decisions and edits that did not count. Each has its own number in the ledger."""
    weighed: int = 0
    """Hands on the run, likewise."""
    seen: list[str] = field(default_factory=list[str])
    """`Control.unique` of each that was weighed."""
    cancel: Control | None = None
    """The cancellation that counted, as it was signed: the parts of a task are handed it on."""


@dataclass(frozen=True)
class TaskResult:
    """What a finished task reports."""

    task_id: str
    outcome: Outcome
    detail: str
    revision: int
    plan_digest: str | None
    policy_digest: str | None
    agreement: float | None
    dissent: int
    approvers: list[str]
    phases_run: int
    ended_by: str = ""
    """Slack user id of who rejected or cancelled; empty otherwise."""
    reason_kind: ReasonKind = ""
    """Why the plan was rejected, where that was said."""
    report_digest: str | None = None
    handed_over_to: str = ""
    waiver: str = ""
    """The autonomy mode by which phases ran, or would have run, without approval; empty: none did."""
