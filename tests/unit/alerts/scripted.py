"""Alerts and their desk on a real Temporal server, with a scripted Slack and a scripted task behind them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.worker import Worker

from bot.alerts.desk_door import DeskDoor
from bot.alerts.door import AlertDoor
from bot.alerts.names import alert_id, desk_id
from bot.workflows.activities.authenticating import Authenticating
from bot.workflows.activities.task_ends import TaskEnds
from bot.workflows.alerts.desk import TriageWorkflow
from bot.workflows.alerts.life import AlertWorkflow
from bot.workflows.messages import TaskLimits, TaskRequest, TaskResult
from bot.workflows.messages.alerts import (
    AlertEntry,
    AlertLife,
    AlertSeen,
    EnterInput,
    TriageRules,
)
from bot.workflows.messages.triage import (
    DeskState,
    Opened,
    OpenInput,
    Placed,
    RelateInput,
    ShowAlertsInput,
    Shown,
    WorseInput,
)
from bot.workflows.runner import GuardedRunner
from tests.strict import STRICT
from tools.contracts.alert_notice import AlertNotice, NoticeStatus
from tools.contracts.incident import AlertSeverity
from tools.contracts.signing import sign

KEY = b"k" * 32
CHANNEL = "CALERTS"
QUICK = TriageRules(TaskLimits(), group_seconds=0.3, recount_seconds=0.5, group_by=["service"], parallel=1)


@workflow.defn(name="gavel-task", sandboxed=False)
class ScriptedTask:
    """Ends when it is told to."""

    def __init__(self) -> None:
        self._over = False

    @workflow.run
    async def run(self, request: TaskRequest) -> TaskResult:
        await workflow.wait_condition(lambda: self._over)
        return TaskResult(
            task_id=request.task_id,
            outcome="reported",
            detail="A deploy did it.",
            revision=1,
            plan_digest=None,
            policy_digest=None,
            agreement=None,
            dissent=0,
            approvers=[],
            phases_run=0,
        )

    @workflow.signal
    async def wait(self) -> None:
        """Its plan waits for people, as a task tells the desk that began it."""
        desk = workflow.info().parent
        assert desk is not None
        await workflow.get_external_workflow_handle(desk.workflow_id).signal("waits", workflow.info().workflow_id)

    @workflow.signal
    def end(self) -> None:
        self._over = True


@dataclass
class Alerts:
    """What monitors say, what the desk wrote, and what it had looked into."""

    temporal: Client
    door: AlertDoor
    org: str
    told: list[EnterInput] = field(default_factory=list[EnterInput])
    entries: list[AlertEntry] = field(default_factory=list[AlertEntry])
    shown: list[ShowAlertsInput] = field(default_factory=list[ShowAlertsInput])
    opened: list[OpenInput] = field(default_factory=list[OpenInput])
    ties: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    posted: int = 0
    refused: set[str] = field(default_factory=set[str])
    """Alerts whose cards Slack refuses."""
    untaken: int = 0
    """So many times the desk cannot be told, for good."""
    asked: list[RelateInput] = field(default_factory=list[RelateInput])
    worse: list[WorseInput] = field(default_factory=list[WorseInput])
    """What the threads of investigations were told."""
    hears: asyncio.Event | None = None
    """A thread can be told when it is set. None: at once."""
    deaf: set[str] = field(default_factory=set[str])
    """Alerts whose threads Slack does not take a word for, whenever it is tried."""
    opens: asyncio.Event | None = None
    """Set: an investigation that is asked for cannot be opened, for good. None: it can."""
    desks: DeskDoor | None = None

    async def says(
        self,
        name: str,
        status: NoticeStatus = "firing",
        *,
        severity: AlertSeverity = "warning",
        at: float = 0,
        unique: str = "",
        message: bool = True,
        **labels: str,
    ) -> None:
        """A monitor, of the alert of this name."""
        self.posted += 1
        # Signed as it is: a whole number would come back as another one.
        at = float(at or 1000.0 + self.posted)
        seen = AlertSeen(unique or f"{at:.6f}", status, severity, at, f"{at:.6f}" if message else "")
        await self.door.take(self.notice(name, status, severity, labels), seen, org=self.org, channel=CHANNEL)

    @staticmethod
    def notice(name: str, status: NoticeStatus, severity: AlertSeverity, labels: dict[str, str]) -> AlertNotice:
        return AlertNotice(
            source="alertmanager",
            fingerprint=name.encode().hex().ljust(16, "0"),
            status=status,
            severity=severity,
            title=name,
            text=f"{name} is {status}",
            labels=labels,
        )

    async def life(self, name: str) -> AlertLife:
        fingerprint = name.encode().hex().ljust(16, "0")
        handle = self.temporal.get_workflow_handle_for(AlertWorkflow.run, alert_id(self.org, CHANNEL, fingerprint))
        return await handle.query(AlertWorkflow.alert_state)

    async def desk(self) -> DeskState:
        handle = self.temporal.get_workflow_handle_for(TriageWorkflow.run, desk_id(self.org, CHANNEL))
        return await handle.query(TriageWorkflow.desk_state)

    def looked_into(self) -> list[list[str]]:
        """The alerts of each investigation, in their order."""
        return [[entry.title for entry in message.entries] for message in self.opened if not message.refusal]

    async def end(self, number: int, how: str = "end") -> None:
        """The investigation ends, once it has begun; or what else is to come of it."""
        for _ in range(100):
            with suppress(RPCError):
                await self.temporal.get_workflow_handle(f"{self.org}.task.{number}").signal(how)
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"investigation {number} was not begun")

    def cards(self) -> dict[str, str]:
        """Alert → what its card says now: its status, and the desk's note."""
        return {
            face.entry.title: f"{face.entry.status} ×{face.entry.count}: {face.note}"
            for message in self.shown
            for face in message.faces
        }

    async def until(self, condition: Callable[[], bool], what: str = "It") -> None:
        # A step that was handed to a worker that stopped meanwhile is given out again after `STORM_TASK`, a minute.
        for _ in range(1600):
            if condition():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{what} did not come about: {self.cards()} {self.looked_into()}")

    @activity.defn(name="enter_triage")
    async def enter_triage(self, message: EnterInput) -> bool:
        if self.untaken:
            self.untaken -= 1
            raise ApplicationError("no way", non_retryable=True)
        self.told.append(message)
        self.entries.append(message.entry)
        await self.enter(sign(message.entry, KEY))
        return True

    async def enter(self, entry: AlertEntry) -> None:
        if self.desks is None:
            self.desks = DeskDoor(self.temporal, self.door.task_queue)
        await self.desks.enter(entry)

    @activity.defn(name="relate")
    async def relate(self, message: RelateInput) -> dict[str, list[str]]:
        self.asked.append(message)
        return {
            alert.fingerprint: [f"service {alert.labels['service']}"]
            for alert in message.alerts
            if "service" in alert.labels
        } | self.ties

    @activity.defn(name="show_alerts")
    async def show_alerts(self, message: ShowAlertsInput) -> Shown:
        self.shown.append(message)
        ts = [face.card_ts or f"9.{len(self.shown)}{at}" for at, face in enumerate(message.faces)]
        places = [
            Placed(face.thread_ts, face.card_ts, error="invalid_blocks")
            if face.entry.title in self.refused
            else Placed(face.thread_ts or ts[at], ts[at])
            for at, face in enumerate(message.faces)
        ]
        return Shown(places, "8.1" if message.storm else "")

    @activity.defn(name="tell_worse")
    async def tell_worse(self, message: WorseInput) -> bool:
        self.worse.append(message)
        if message.entry.title in self.deaf:
            raise ApplicationError("Slack is away.")
        if self.hears is not None:
            await self.hears.wait()
        return True

    @activity.defn(name="open_investigation")
    async def open_investigation(self, message: OpenInput) -> Opened:
        self.opened.append(message)
        if message.refusal:
            return Opened(None, message.refusal)
        if (opens := self.opens) is not None:
            await opens.wait()
            self.opens = None
            raise ApplicationError("The inventory is away.", non_retryable=True)
        number = len(self.looked_into())
        return Opened(request_of(self, f"{self.org}.task.{number}", thread_ts=message.thread_ts))


def request_of(alerts: Alerts, task_id: str, *, thread_ts: str = "1.0") -> TaskRequest:
    """Of an investigation."""
    return TaskRequest(
        task_id=task_id,
        org=alerts.org,
        user="alert:x",
        source="alert",
        channel=CHANNEL,
        thread_ts=thread_ts,
        message_ts=None,
        text="",
        redacted=[],
        received_at=datetime.now(UTC).isoformat(),
        limits=TaskLimits(),
    )


@asynccontextmanager
async def alerting(temporal: Client, *, working: bool = True, **rules: float) -> AsyncGenerator[Alerts]:
    """An org of its own. `working`: with a worker from the start; else see :func:`worker_of`."""
    org = f"T{uuid.uuid4().hex[:8]}"
    door = AlertDoor(temporal, org, KEY, replace(QUICK, **rules), lambda: datetime.now(UTC), pace=0.2)
    alerts = Alerts(temporal, door, org)
    if not working:
        yield alerts
        return
    async with worker_of(alerts):
        yield alerts


def worker_of(alerts: Alerts, *, runner: GuardedRunner = STRICT) -> Worker:
    authenticating = Authenticating(KEY)
    return Worker(
        alerts.temporal,
        task_queue=alerts.door.task_queue,
        workflows=[AlertWorkflow, TriageWorkflow, ScriptedTask],
        workflow_runner=runner,
        activities=[
            authenticating.authentic_ones,
            alerts.enter_triage,
            alerts.relate,
            alerts.show_alerts,
            alerts.tell_worse,
            alerts.open_investigation,
            TaskEnds(alerts.temporal, ask_again=timedelta(seconds=0.2)).follow_investigation,
        ],
    )
