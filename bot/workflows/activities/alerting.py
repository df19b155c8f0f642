"""What the lives of alerts and their desk do in the world: the ledger, the estate, Slack, and the next workflow."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError

from bot.alerts.names import alert_id, desk_id
from bot.blocks.alerts import alert_card, storm_card
from bot.budgets.limits import STORM_USER
from bot.pacing import Haste
from bot.thread import SlackRefused, ThreadRef
from bot.workflows.activities.relating import ties_of
from bot.workflows.activities.retrying import is_retry, retried
from bot.workflows.alerts.desk import TriageWorkflow
from bot.workflows.messages import TaskRequest
from bot.workflows.messages.alerts import (
    AlertEntry,
    AlertFace,
    DeskStart,
    EnterInput,
    Opened,
    OpenInput,
    Placed,
    RelateInput,
    ShowAlertsInput,
    Shown,
    StormFace,
)
from bot.workflows.options import STORM_TASK
from bot.workflows.workbench import Workbench
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerKind
from tools.contracts.signing import is_authentic, sign

CARD, STORM = "alert", "storm"
"""Keys of the messages."""

MOST_TEXT = 8000
"""Characters of an investigation's request."""

NAMED = 15
"""Other alerts of a group that its request names."""


@dataclass(frozen=True)
class Alerting:
    bench: Workbench
    temporal: Client
    task_queue: str
    key: bytes
    """Vouches for what the desk is told, and for the investigations it opens."""

    @activity.defn(name="enter_triage")
    async def enter_triage(self, message: EnterInput) -> bool:
        """Tell the channel's desk how an alert stands; the desk is started where there is none."""
        entry = message.entry
        name = alert_id(entry.org, entry.channel, entry.fingerprint)
        async with retried(name):
            if message.record:
                body = asdict(entry)
                del body["rules"], body["mac"], body["reports"], body["fresh"]
                await self._record("alert_heard", body, entry.org, name, f"heard:{entry.opened_at}:{entry.reports}")
            await self.temporal.start_workflow(
                TriageWorkflow.run,
                DeskStart(entry.org, entry.channel),
                id=desk_id(entry.org, entry.channel),
                task_queue=self.task_queue,
                task_timeout=STORM_TASK,
                start_signal="enter",
                start_signal_args=[sign(entry, self.key)],
                # A desk that has nothing left to do ends, and the next alert opens it again.
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            )
        return True

    @activity.defn(name="relate")
    async def relate(self, message: RelateInput) -> dict[str, list[str]]:
        """What ties each alert to others."""
        async with retried(f"{message.org}.triage"):
            return await ties_of(self.bench.estate, message)

    @activity.defn(name="show_alerts")
    async def show_alerts(self, message: ShowAlertsInput) -> Shown:
        """Write or edit the cards, in their order."""
        async with retried(desk_id(message.org, message.channel)):
            storm_ts = message.storm.card_ts if message.storm else ""
            if message.storm is not None:
                storm_ts = await self._show_storm(message, message.storm)
            return Shown([await self._show(message, face) for face in message.faces], storm_ts)

    @activity.defn(name="open_investigation")
    async def open_investigation(self, message: OpenInput) -> Opened:
        """The request of a group's task, signed; or why it is not looked into. Written down in either case."""
        if not message.entries or not all(self._vouched(entry, message) for entry in message.entries):
            raise ApplicationError("These are no alerts that Gavel can vouch for.", non_retryable=True)
        first = message.entries[0]
        user = f"{STORM_USER}{message.storm}" if message.storm else f"alert:{first.fingerprint[:16]}"
        again = f".e{first.episode}" if first.episode > 1 else ""
        task = f"{message.org}.{message.channel}.{message.thread_ts}{again}"
        async with retried(task):
            refusal = message.refusal or await self._over_budget(message.org, user, task)
            await self._record(
                "alert_triaged",
                {
                    "group": message.group,
                    "title": first.title,
                    "labels": first.labels,
                    "storm": message.storm,
                    "alerts": [entry.fingerprint for entry in message.entries],
                    "task": "" if refusal else task,
                    "refusal": refusal,
                },
                message.org,
                alert_id(message.org, message.channel, first.fingerprint),
                f"triaged:{first.opened_at}:{message.group}",
            )
            if refusal:
                return Opened(request=None, refusal=refusal)
            request = TaskRequest(
                task_id=task,
                org=message.org,
                user=user,
                source="alert",
                channel=message.channel,
                thread_ts=message.thread_ts,
                message_ts=first.message_ts or message.thread_ts,
                text=request_text(message.entries),
                redacted=first.redacted,
                received_at=self.bench.now().isoformat(),
                limits=first.rules.limits,
            )
            return Opened(request=sign(request, self.key))

    async def _over_budget(self, org: str, user: str, task: str) -> str:
        why = await self.bench.spending.may_spend(org=org, user=user, task_id=task)
        return f"Not looked into. {why}" if why else ""

    def _vouched(self, entry: AlertEntry, message: OpenInput) -> bool:
        return (entry.org, entry.channel) == (message.org, message.channel) and is_authentic(entry, self.key)

    async def _show(self, message: ShowAlertsInput, face: AlertFace) -> Placed:
        entry, card = face.entry, alert_card(face)
        thread = ThreadRef(self.bench.team, message.channel, face.thread_ts or None)
        # Under the monitor's message; where the webhook brought it there is none, and the card opens the thread.
        root = not entry.message_ts
        haste: Haste = "now" if entry.severity == "critical" else "later"
        try:
            if face.card_ts:
                await self.bench.writer.update(message.channel, face.card_ts, card, haste=haste)
                return Placed(face.thread_ts, face.card_ts)
            posted = await self.bench.writer.post_once(
                ThreadRef(self.bench.team, message.channel, None) if root else thread,
                card,
                key=CARD,
                task_id=alert_id(entry.org, entry.channel, entry.fingerprint),
                # An earlier attempt, or an earlier desk, may have written it.
                check_first=is_retry() or face.known_before,
                haste=haste,
            )
        except SlackRefused as refused:
            return Placed(face.thread_ts, face.card_ts, error=refused.error)
        return Placed(posted if root else face.thread_ts, posted)

    async def _show_storm(self, message: ShowAlertsInput, face: StormFace) -> str:
        try:
            if face.card_ts:
                await self.bench.writer.update(message.channel, face.card_ts, storm_card(face))
                return face.card_ts
            return await self.bench.writer.post_once(
                ThreadRef(self.bench.team, message.channel, None),
                storm_card(face),
                key=STORM,
                task_id=f"{message.org}.{face.id}",
                check_first=is_retry(),
            )
        except SlackRefused:
            return face.card_ts

    async def _record(self, kind: LedgerKind, body: JsonObject, org: str, task_id: str, key: str) -> None:
        await self.bench.ledger.record(kind, body, org=org, task_id=task_id, actor="gavel", key=key)


def request_text(entries: list[AlertEntry]) -> str:
    """What the first one said, and the names of those that came with it."""
    first, others = entries[0], entries[1:]
    text = first.text or first.title
    if others:
        named = "\n".join(f"- {entry.title} ({entry.severity})" for entry in others[:NAMED])
        text = f"{text[: MOST_TEXT - 4000]}\nFiring together with it, {len(others)} more:\n{named}"
    return text[:MOST_TEXT]
