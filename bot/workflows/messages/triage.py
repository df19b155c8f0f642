"""The desk of an alert channel: its state, and what it asks of the world."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bot.workflows.messages.alerts import AlertEntry
from bot.workflows.messages.request import TaskRequest
from tools.contracts.incident import AlertSeverity

GroupState = Literal["waiting", "running", "done", "skipped"]


@dataclass
class Group:
    """Alerts that are looked into together."""

    number: int
    ties: list[str]
    """Its alerts' own, and `needs …`: what they depend on."""
    members: list[str]
    """Fingerprints, also of those that went on to another group."""
    opened_at: str
    state: GroupState = "waiting"
    began_at: str = ""
    """When its turn came."""
    severity: AlertSeverity = "info"
    """The worst of those whose turn it was: it takes in nothing that is worse."""
    lead: str = ""
    """Fingerprint of the one it is looked into for first."""
    task_id: str = ""
    """Empty while the task is being opened."""
    asked_by: str = ""
    """Slack user id of whoever wants it looked into; empty: the desk by itself."""
    waits: bool = False
    """Its task waits for people, and keeps nothing else waiting."""
    storm: str = ""
    """That its investigation counts against."""
    note: str = ""
    """How it ended, or why it was not looked into. For people."""
    worse: AlertSeverity | None = None
    """The severity that its thread was told it rose to while it was being looked into. None: to none."""


@dataclass
class Docket:
    """An alert on the desk."""

    entry: AlertEntry
    arrived: int
    """Its place in the order of arrival."""
    group: int | None = None
    """`Group.number`; None: not put into one yet."""
    triaged: bool = False
    """By a desk before this one, or with a group that is forgotten."""
    known_before: bool = False
    """To a desk before this one, or to a step of which nobody knows how far it came: its card may be there."""
    looked_at: str = ""
    """When an investigation of it began."""
    looked_as: AlertSeverity | None = None
    """How bad it was then. None: none began."""
    thread_ts: str = ""
    card_ts: str = ""
    shown: str = ""
    """What its card says, in short."""
    shown_at: str = ""
    refused: str = ""
    """Slack's name for why the card could not be written."""
    refusals: int = 0
    """In a row."""


@dataclass
class Storm:
    id: str
    began_at: str
    alerts: list[str]
    """Fingerprints."""
    investigations: int = 0
    left_out: int = 0
    """Alerts that the desk had no room for, or keeps no longer."""
    card_ts: str = ""
    known_before: bool = False
    """As :attr:`Docket.known_before`."""
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
    early: list[str] = field(default_factory=list[str])
    """Tasks that wait for people, of which the desk does not know yet that they have begun. The oldest first."""


@dataclass(frozen=True)
class DeskStart:
    org: str
    channel: str
    carried: DeskState | None = None
    """From the run before this one; anybody else's is not looked at."""
    run_id: str = ""
    """Of that run, as Temporal named it."""


@dataclass(frozen=True)
class LookInto:
    """A person's click: this alert is to be looked into, for itself. Signed by the edge that authenticated them."""

    org: str
    channel: str
    fingerprint: str
    user: str
    """Slack user id."""
    unique: str
    """The click's ts."""
    mac: str = ""


@dataclass(frozen=True)
class Relation:
    """An alert whose place in the estate is asked for."""

    fingerprint: str
    labels: dict[str, str]
    names: list[str]
    """Of what may be machines."""


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
    lead_ts: str = ""
    """Ts of the thread in which it is looked into with others. Empty: there is none, or it is its own."""
    may_be_asked: bool = False
    """Whether a person may have it looked into for itself."""


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
    left_out: int
    over: bool
    card_ts: str
    known_before: bool


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
    """Slack's name for why it could not be written; then it is tried again some time later."""


@dataclass(frozen=True)
class Shown:
    cards: list[Placed]
    """One for each face, in their order."""
    storm_ts: str


@dataclass(frozen=True)
class WorseInput:
    """What an investigation is about got worse."""

    entry: AlertEntry
    was: AlertSeverity
    thread_ts: str
    group: int


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
    asked_by: str = ""
    """As :attr:`Group.asked_by`."""
    risen: bool = False
    """Whether the first was looked into before, when it was not as bad."""


@dataclass(frozen=True)
class Opened:
    request: TaskRequest | None
    """Signed; None: it is not looked into."""
    refusal: str = ""


@dataclass(frozen=True)
class FollowInput:
    """A task that an earlier run of the desk began."""

    org: str
    task_id: str


@dataclass(frozen=True)
class Followed:
    outcome: str
    detail: str
