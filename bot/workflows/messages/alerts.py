"""What passes between the edge, the life of one alert, and the desk of its channel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bot.workflows.messages.request import TaskLimits, TaskRequest
from tools.contracts.alert_notice import NoticeSource, NoticeStatus
from tools.contracts.common import JsonObject
from tools.contracts.incident import AlertSeverity

RANKS: dict[AlertSeverity, int] = {"critical": 0, "warning": 1, "info": 2}
"""The worst first."""


@dataclass(frozen=True)
class TriageRules:
    """From the settings at the edge, so that a replay sees the same ones.

    Signed: a float must be one, because a whole number would come back from Temporal as another value.
    """

    limits: TaskLimits
    """Of an investigation."""
    group_seconds: float = 5.0
    """From the first alert until what came with it is put into groups, and the first of them looked into."""
    window_seconds: int = 300
    """How long a group takes in more alerts; how long a storm lasts after its last one."""
    again_seconds: int = 3600
    """An alert that fires again within so long after it was looked into is not looked into again."""
    reopen_seconds: int = 86_400
    """An alert that fires again within so long after it was over goes on in the same thread."""
    recount_seconds: float = 30.0
    """How often at most a count that only grew is passed on."""
    group_by: list[str] = field(default_factory=list[str])
    """Labels that belong together where all of those that are there are equal."""
    parallel: int = 2
    """Investigations at a time, of a channel."""
    storm_alerts: int = 10
    """More different alerts than this within the window are a storm."""
    storm_investigations: int = 20
    """Of one storm, the worst alerts first."""


@dataclass(frozen=True)
class AlertSeen:
    """That a monitor spoke of it once."""

    unique: str
    """What names this once: the message's ts, or the webhook's state and time. Delivered twice, it counts once."""
    status: NoticeStatus
    severity: AlertSeverity
    at: float
    """Seconds since 1970, by the sender's clock: what was said later wins, whatever arrives first."""
    message_ts: str
    """Of its message in the alert channel; empty: it came by the webhook."""


@dataclass(frozen=True)
class AlertBatch:
    """All that was seen of one alert while the last batch was being handed over. Redacted, and signed by the edge."""

    org: str
    channel: str
    fingerprint: str
    seen: list[AlertSeen]
    """In order of arrival."""
    notice: JsonObject
    """The newest `AlertNotice`, as JSON: a MAC is over JSON."""
    redacted: list[str]
    """Kinds of secrets that were removed from the text."""
    rules: TriageRules
    mac: str = ""


@dataclass(frozen=True)
class AlertEntry:
    """How an alert stands, for the desk. Signed by the step that sends it."""

    org: str
    channel: str
    fingerprint: str
    episode: int
    """From 1; an alert that fires again after it was over begins another."""
    status: NoticeStatus
    severity: AlertSeverity
    """The worst of the episode."""
    source: NoticeSource
    title: str
    text: str
    labels: dict[str, str]
    count: int
    """How often it was said to fire, in this episode."""
    opened_at: str
    """RFC 3339, UTC: when this episode began."""
    changed_at: str
    message_ts: str
    """The message it was first seen in; empty: it came by the webhook."""
    reports: int
    """How often the desk was told of it before."""
    fresh: bool
    """Whether the desk was never told of this episode. What was triaged is not triaged again because it goes on."""
    redacted: list[str]
    rules: TriageRules
    mac: str = ""


@dataclass
class AlertLife:
    """The whole state of one alert."""

    episode: int = 0
    """0: it never fired, as far as is known."""
    status: NoticeStatus = "resolved"
    severity: AlertSeverity = "info"
    count: int = 0
    opened_at: str = ""
    changed_at: str = ""
    latest_at: float = 0.0
    """`AlertSeen.at` of what the status is by."""
    message_ts: str = ""
    notice: JsonObject = field(default_factory=dict[str, object])
    redacted: list[str] = field(default_factory=list[str])
    rules: TriageRules | None = None
    heard: list[str] = field(default_factory=list[str])
    """`AlertSeen.unique`, the newest last."""
    reports: int = 0
    episode_told: int = 0
    untold: Literal["", "counted", "changed"] = ""
    """What the desk does not know yet."""
    told_at: str = ""


@dataclass(frozen=True)
class AlertStart:
    org: str
    channel: str
    fingerprint: str
    carried: AlertLife | None = None
    """From the run before this one; anybody else's is not looked at."""


GroupState = Literal["waiting", "running", "done", "skipped"]


@dataclass
class Group:
    """Alerts that are looked into together."""

    number: int
    ties: list[str]
    """Its alerts' own, and `needs …`: what they depend on."""
    members: list[str]
    """Fingerprints, the one it is looked into for first."""
    opened_at: str
    state: GroupState = "waiting"
    task_id: str = ""
    storm: str = ""
    note: str = ""
    """How it ended, or why it was not looked into. For people."""


@dataclass
class Docket:
    """An alert on the desk."""

    entry: AlertEntry
    arrived: int
    """Its place in the order of arrival."""
    group: int | None = None
    """`Group.number`; None: not put into one yet."""
    triaged: bool = False
    """By a desk before this one."""
    known_before: bool = False
    """To a desk before this one."""
    looked_at: str = ""
    """When an investigation of it began."""
    thread_ts: str = ""
    card_ts: str = ""
    shown: str = ""
    """What its card says, in short."""
    shown_at: str = ""


@dataclass
class Storm:
    id: str
    began_at: str
    alerts: list[str]
    """Fingerprints."""
    investigations: int = 0
    card_ts: str = ""
    shown: str = ""
    shown_at: str = ""
    over: bool = False


@dataclass
class DeskState:
    dockets: dict[str, Docket] = field(default_factory=dict[str, Docket])
    groups: dict[int, Group] = field(default_factory=dict[int, Group])
    storm: Storm | None = None
    arrivals: int = 0
    numbers: int = 0
    changed_at: str = ""


@dataclass(frozen=True)
class DeskStart:
    org: str
    channel: str
    carried: DeskState | None = None
    """From the run before this one; anybody else's is not looked at."""


@dataclass(frozen=True)
class EnterInput:
    """An alert's state on its way to the desk."""

    entry: AlertEntry
    record: bool
    """Whether it changed in more than its count: then the ledger has it first."""


@dataclass(frozen=True)
class Relation:
    """An alert whose place in the estate is asked for."""

    fingerprint: str
    labels: dict[str, str]
    text: str


@dataclass(frozen=True)
class RelateInput:
    org: str
    group_by: list[str]
    alerts: list[Relation]


@dataclass(frozen=True)
class AlertFace:
    """What one alert's card says."""

    entry: AlertEntry
    note: str
    thread_ts: str
    card_ts: str
    """Empty: there is none yet, as far as the desk knows."""
    known_before: bool
    """Whether a desk before this one may have written it."""


@dataclass(frozen=True)
class StormFace:
    """What a storm's one message says."""

    id: str
    began_at: str
    alerts: int
    firing: int
    count: int
    critical: int
    groups: int
    running: int
    done: int
    waiting: int
    skipped: int
    worst: list[str]
    """Titles, the worst first. Untrusted."""
    over: bool
    card_ts: str


@dataclass(frozen=True)
class ShowAlertsInput:
    org: str
    channel: str
    faces: list[AlertFace]
    """In the order in which they are written."""
    storm: StormFace | None


@dataclass(frozen=True)
class Placed:
    """Where a card is."""

    thread_ts: str
    card_ts: str
    error: str = ""
    """Slack's name for why it could not be written; then it is not tried again until there is news."""


@dataclass(frozen=True)
class Shown:
    cards: list[Placed]
    """One for each face, in their order."""
    storm_ts: str


@dataclass(frozen=True)
class OpenInput:
    """A group whose turn has come."""

    org: str
    channel: str
    thread_ts: str
    group: int
    entries: list[AlertEntry]
    """The one it is looked into for first."""
    storm: str
    """Empty: there is none."""
    refusal: str = ""
    """Why it is not to be looked into after all; then this is only written down."""


@dataclass(frozen=True)
class Opened:
    request: TaskRequest | None
    """Signed; None: it is not looked into."""
    refusal: str = ""
