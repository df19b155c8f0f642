"""What alerts and their desk do in the world: the ledger, the estate, Slack. Investigations: `inquiring`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import structlog
from temporalio import activity

from bot.alerts.desk_door import DeskDoor
from bot.alerts.names import alert_id, desk_id
from bot.blocks.alerts import alert_card, storm_card
from bot.pacing import Haste
from bot.thread import SlackRefused, SlackRetryable, ThreadRef
from bot.workflows.activities.relating import ties_of
from bot.workflows.activities.retrying import is_retry, retried
from bot.workflows.messages.alerts import EnterInput
from bot.workflows.messages.triage import (
    AlertFace,
    Placed,
    RelateInput,
    ShowAlertsInput,
    Shown,
    StormFace,
)
from bot.workflows.workbench import Workbench
from tools.contracts.signing import sign

CARD, STORM = "alert", "storm"
"""Keys of the messages."""

MOST_LINKS = 1000
"""Permalinks that are remembered."""


@dataclass(frozen=True)
class Alerting:
    bench: Workbench
    desks: DeskDoor
    key: bytes
    """Vouches for what the desk is told."""
    _links: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str], init=False)

    @activity.defn(name="enter_triage")
    async def enter_triage(self, message: EnterInput) -> bool:
        """Tell the channel's desk how an alert stands; the desk is started where there is none."""
        entry = message.entry
        name = alert_id(entry.org, entry.channel, entry.fingerprint)
        async with retried(name):
            if message.notice:
                body = asdict(entry)
                for of_the_desk in ("rules", "mac", "reports", "fresh", "heard", "names"):
                    del body[of_the_desk]
                body |= {"text": message.notice["text"], "labels": message.notice["labels"]}
                await self.bench.ledger.record(
                    "alert_heard",
                    body | {"redacted": message.redacted},
                    org=entry.org,
                    task_id=name,
                    actor="gavel",
                    key=entry.heard,
                )
            await self.desks.enter(sign(entry, self.key))
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

    async def _show(self, message: ShowAlertsInput, face: AlertFace) -> Placed:
        entry = face.entry
        card = alert_card(face, lead_link=await self._link(message.channel, face.lead_ts))
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
                # Another life of the alert has another card.
                key=f"{CARD}:{entry.born_at}",
                task_id=alert_id(entry.org, entry.channel, entry.fingerprint),
                # An earlier attempt, or an earlier desk, may have written it.
                check_first=is_retry() or face.known_before,
                haste=haste,
            )
        except SlackRefused as refused:
            log = structlog.get_logger("gavel.alerts").bind(channel=message.channel, fingerprint=entry.fingerprint)
            log.warning("Slack refused an alert's card. It is tried again later.", reason=refused.error)
            return Placed(face.thread_ts, face.card_ts, error=refused.error)
        return Placed(posted if root else face.thread_ts, posted)

    async def _link(self, channel: str, ts: str) -> str:
        """Slack's permalink. Empty: it gives none; a card is worth more than its link."""
        if not ts:
            return ""
        if (known := self._links.get((channel, ts))) is not None:
            return known
        try:
            answer = await self.bench.writer.web.read("chat.getPermalink", {"channel": channel, "message_ts": ts})
        except (SlackRefused, SlackRetryable):
            return ""
        if len(self._links) >= MOST_LINKS:
            self._links.clear()
        return self._links.setdefault((channel, ts), str(answer.get("permalink") or ""))

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
                check_first=is_retry() or face.known_before,
            )
        except SlackRefused:
            return face.card_ts
