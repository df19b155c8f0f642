"""What passes between the edge, the life of one alert, and the desk of its channel (`triage`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bot.workflows.messages.request import TaskLimits
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
    """How an alert stands, for the desk. Signed by the step that sends it.

    Small whatever the alert says, because a desk keeps as many as there are: its words are in the ledger.
    """

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
    labels: dict[str, str]
    """Those that the desk goes by, and those that its cards show."""
    names: list[str]
    """What of its labels and words may be machines."""
    count: int
    """How often it was said to fire, in this episode."""
    opened_at: str
    """RFC 3339, UTC: when this episode began."""
    changed_at: str
    message_ts: str
    """The message it was first seen in; empty: it came by the webhook."""
    born_at: str
    """RFC 3339, UTC: when this life of it began. One that was over for long and forgotten begins another."""
    reports: int
    """How often the desk was told of it before, in this life."""
    fresh: bool
    """Whether the desk was never told of this episode. What was triaged is not triaged again because it goes on."""
    heard: str
    """Key of the ledger's entry that has all of its words."""
    rules: TriageRules
    mac: str = ""


@dataclass
class AlertLife:
    """The whole state of one alert."""

    born_at: str = ""
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
    heard_as: str = ""
    """`AlertEntry.heard`."""
    untaken: int = 0
    """How often in a row the desk could not be told."""


@dataclass(frozen=True)
class AlertStart:
    org: str
    channel: str
    fingerprint: str
    carried: AlertLife | None = None
    """From the run before this one; anybody else's is not looked at."""
    run_id: str = ""
    """Of that run, as Temporal named it."""


@dataclass(frozen=True)
class EnterInput:
    """An alert's state on its way to the desk."""

    entry: AlertEntry
    notice: JsonObject
    """All of its words, for the ledger, which has them first. Empty: it changed in nothing but its count."""
    redacted: list[str]
