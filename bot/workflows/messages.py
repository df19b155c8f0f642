"""Everything that enters, leaves or lives in a task's workflow. Dataclasses, in their final shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tools.contracts.common import Environment, JsonObject
from tools.contracts.control import Control, ControlAction
from tools.contracts.council import CouncilOutcome
from tools.contracts.outputs import AnyPlan, AnyReport
from tools.contracts.taskspec import Intent, Question, TaskSpec
from tools.contracts.verdict import ApprovalRequirement, GateReport, Refusal, Waiver

Source = Literal["mention", "dm", "command", "alert"]

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
class TaskLimits:
    """Bounds of one task, from the settings at intake, so that a replay sees the same ones."""

    repair_attempts: int = 2
    """How often a refused plan goes back to the agent before it goes to the person."""
    question_seconds: int = 3600
    """How long a question waits for its answer."""
    approval_seconds: int | None = None
    """Overrides the policy's expiry. None: as the policy says."""
    task_seconds: int = 86400
    """From intake until nothing more is started."""
    pause_seconds: int = 14_400
    """How long a run may be paused. Then it is stopped, and what it changed is undone."""
    text_chars: int = 12_000
    """Longest request that is worked on."""
    follow_ups: int = 20
    """Replies that are read while plans of this task wait for a decision."""
    refinements: int = 5
    """How often replies may change the plan."""


@dataclass(frozen=True)
class TaskRequest:
    """What the intake hands over. Redacted before it comes here; signed by the edge that authenticated the person."""

    task_id: str
    org: str
    user: str
    """Slack user id, or `alert:<fingerprint>`."""
    source: Source
    channel: str
    thread_ts: str | None
    """The thread to work in. None for a slash command: the first step opens one."""
    message_ts: str | None
    text: str
    """Untrusted."""
    redacted: list[str]
    """Kinds of secrets that were removed from the text."""
    received_at: str
    """RFC 3339, UTC."""
    limits: TaskLimits
    handed_over_from: str = ""
    """The task whose report asked for this one. Such a task hands nothing over itself."""
    part_of: str = ""
    """The task whose message this one is a confirmed part of. What is said to that one is said to this one."""
    whole: str = ""
    """For a part: the whole message. Untrusted."""
    follows: str = ""
    """The last task of the same thread, which is over."""
    mac: str = ""


@dataclass(frozen=True)
class Answer:
    """A person's answer to the question in the thread."""

    org: str
    task_id: str
    question_id: str
    """Empty: a typed reply, which answers the question that was open when it was said."""
    user: str
    text: str
    redacted: list[str] = field(default_factory=list[str])
    """Kinds of secrets that were removed from the text."""
    unique: str = ""
    """The ts of the message, or of the click: what Slack delivers twice is answered once."""
    mac: str = ""


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
    card_ts: str = ""
    open: bool = False
    """Whether its card has buttons now: it waits for people."""
    approvals: list[str] = field(default_factory=list[str])
    """Distinct people, in the order they approved."""
    approved_at: list[str] = field(default_factory=list[str])
    """When, as the edge saw the clicks; in the same order."""
    shapers: list[str] = field(default_factory=list[str])
    """Who changed by a reply what was planned. They approve it no more than the one who asked does."""
    decided: list[str] = field(default_factory=list[str])
    """Everyone whose decision on this revision was weighed and counted: the nonce is spent for them."""

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
    report_digest: str | None = None
    handed_over_to: str = ""
    waiver: str = ""
    """The autonomy mode by which phases ran, or would have run, without approval; empty: none did."""


# What the steps are handed and what they answer.


@dataclass(frozen=True)
class Vouched:
    """A signed message on its way to the MAC check: its type's name and all its fields."""

    kind: str
    fields: JsonObject


@dataclass(frozen=True)
class UnderstandInput:
    request: TaskRequest
    thread_ts: str | None
    exchanges: list[Exchange]


@dataclass(frozen=True)
class Understood:
    """Exactly one of `spec`, `question`, `intents` and `declined` is set."""

    thread_ts: str | None
    """None only for a declined slash command where no thread could be opened."""
    spec: TaskSpec | None = None
    question: Question | None = None
    intents: list[Intent] = field(default_factory=list[Intent])
    """Several tasks in one message, in order, put to the person as a question."""
    question_id: str = ""
    asked_at: str = ""
    """The ts of the question's card."""
    declined: str | None = None


@dataclass(frozen=True)
class ConfirmedParts:
    """What the person made of a list of several tasks."""

    request: TaskRequest
    thread_ts: str
    intents: list[Intent]
    chosen: list[int]
    """Which of them are worked on, from 1, in order. Empty: none."""
    user: str
    asked_at: str
    """The ts of the list's card."""


@dataclass(frozen=True)
class EnlistInput:
    """A confirmed part on its way to be a task of its own."""

    request: TaskRequest
    """The whole one, as the edge signed it."""
    thread_ts: str
    words: str
    number: int
    """From 1."""


@dataclass(frozen=True)
class WarnInput:
    """Secrets were removed from what the person wrote, or from what the alert carried."""

    request: TaskRequest
    thread_ts: str
    kinds: list[str]


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


@dataclass(frozen=True)
class PresentInput:
    request: TaskRequest
    thread_ts: str
    spec: TaskSpec
    proposal: Proposal
    diagnosis: str
    rest: bool = False
    """The canary ran without approval; this card asks about what comes after it."""


Fixed = Literal["", "no_more_changes", "already_running"]


@dataclass(frozen=True)
class FollowUpInput:
    request: TaskRequest
    thread_ts: str
    spec: TaskSpec
    proposal: Proposal
    """On offer: what the reply is about."""
    answer: Answer
    fixed: Fixed = ""
    """Why the plan cannot be changed any more. Empty: it can."""


@dataclass(frozen=True)
class FollowedUp:
    """What became of a reply. Whoever had to be told has been."""

    kind: Literal["refined", "explained", "turned_away", "decides", "elsewhere"]
    """`decides`: a decision in words, which counts for nothing. `elsewhere`: it names another environment, and its
    writer was asked whether that is to be a task of its own."""
    spec: TaskSpec | None = None
    """For `refined`."""
    changes: list[str] = field(default_factory=list[str])
    """For `refined`: what differs, a line each. Untrusted text."""
    elsewhere: Elsewhere | None = None
    """For `elsewhere`."""


@dataclass(frozen=True)
class Settled:
    """What became of the question about another environment."""

    request: TaskRequest | None
    """Of the new task, vouched for; None: it is not wanted."""


@dataclass(frozen=True)
class ElsewhereInput:
    """The answer to the question about another environment."""

    request: TaskRequest
    thread_ts: str
    spec: TaskSpec
    elsewhere: Elsewhere
    click: Answer
    """As the edge signed it."""


@dataclass(frozen=True)
class SupersedeInput:
    """A plan that waits no more, because what it was made for has changed."""

    request: TaskRequest
    thread_ts: str
    proposal: Proposal
    by_revision: int
    user: str
    """Who refined it."""
    changes: list[str]


@dataclass(frozen=True)
class RolesInput:
    request: TaskRequest
    user: str


@dataclass(frozen=True)
class RefusedDecision:
    """A decision that does not count, and why: for the ledger and for the one who clicked."""

    request: TaskRequest
    thread_ts: str
    user: str
    channel: str
    problem: str
    """Stable name, e.g. `self_approval`."""
    sentence: str
    key: str


@dataclass(frozen=True)
class TellInput:
    """A sentence for one person only."""

    request: TaskRequest
    thread_ts: str
    user: str
    sentence: str


@dataclass(frozen=True)
class AcceptedDecision:
    request: TaskRequest
    thread_ts: str
    spec: TaskSpec
    proposal: Proposal
    user: str
    verdict: Literal["approve", "reject"]
    reason: str
    issued_at: str
    settled: bool
    """True: the quorum is reached, or it was a rejection."""
    step_up: str = ""
    """What the person typed, where the requirement asks for it."""


@dataclass(frozen=True)
class PhaseInput:
    request: TaskRequest
    thread_ts: str
    spec: TaskSpec
    proposal: Proposal
    index: int
    """Into `proposal.plan.phases`."""
    phases: list[PhaseRecord]


@dataclass(frozen=True)
class PhaseResult:
    """`ok` False with `ran` False: refused before anything was touched."""

    ok: bool
    ran: bool
    detail: str
    touched: list[str]
    """Assets that this phase changed or may have changed."""
    resources: list[str] = field(default_factory=list[str])
    """The same of what is no asset: ids of the plan's resources."""


@dataclass(frozen=True)
class RollbackInput:
    request: TaskRequest
    thread_ts: str
    spec: TaskSpec
    proposal: Proposal
    touched: list[str]
    """Assets."""
    resources: list[str]
    reason: str
    phases: list[PhaseRecord]


@dataclass(frozen=True)
class RollbackResult:
    ok: bool
    detail: str


@dataclass(frozen=True)
class HeededControl:
    """Somebody's hand on the task that counts: for the ledger, the thread and the run's card."""

    request: TaskRequest
    thread_ts: str | None
    proposal: Proposal | None
    phases: list[PhaseRecord]
    control: Control
    pause: Pause | None
    """As it stands after it."""
    key: str


@dataclass(frozen=True)
class RefusedControl:
    """One that does not count, and why: for the ledger and for the one who clicked."""

    request: TaskRequest
    thread_ts: str | None
    user: str
    """Who is told; empty: nobody."""
    action: ControlAction
    problem: str
    sentence: str
    key: str


@dataclass(frozen=True)
class ShowInput:
    """The run's card, as it stands between two phases."""

    request: TaskRequest
    thread_ts: str
    proposal: Proposal
    phases: list[PhaseRecord]
    pause: Pause | None


@dataclass(frozen=True)
class ConcludeInput:
    state: TaskState
    result: TaskResult
