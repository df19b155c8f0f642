"""What alerts and their desk do in the world: the ledger, the estate, Slack. Investigations: `inquiring`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property

from temporalio import activity

from bot.alerts.desk_door import DeskDoor
from bot.alerts.names import alert_id, desk_id
from bot.workflows.activities.alert_cards import AlertCards
from bot.workflows.activities.relating import ties_of
from bot.workflows.activities.retrying import is_retry, retried
from bot.workflows.messages.alerts import EnterInput
from bot.workflows.messages.triage import RelateInput, ShowAlertsInput, Shown, WorseInput
from bot.workflows.workbench import Workbench
from tools.contracts.signing import sign


@dataclass(frozen=True)
class Alerting:
    bench: Workbench
    desks: DeskDoor
    key: bytes
    """Vouches for what the desk is told."""

    @cached_property
    def cards(self) -> AlertCards:
        return AlertCards(self.bench.writer, self.bench.team)

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
            cards, again = self.cards, is_retry()
            storm_ts = message.storm.card_ts if message.storm else ""
            if message.storm is not None:
                storm_ts = await cards.show_storm(message, message.storm, again=again)
            return Shown([await cards.show(message, face, again=again) for face in message.faces], storm_ts)

    @activity.defn(name="tell_worse")
    async def tell_worse(self, message: WorseInput) -> bool:
        """Say in its thread that what is being looked into got worse. Done twice, it is said once."""
        entry = message.entry
        async with retried(alert_id(entry.org, entry.channel, entry.fingerprint)):
            await self.cards.tell_worse(message)
        return True
