"""The cards of alerts and the message of a storm, in Slack: posted once, then edited; in plain words where need be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog
from structlog.typing import FilteringBoundLogger

from bot.alerts.names import alert_id
from bot.blocks.alerts import alert_card, got_worse, storm_card, without_blocks
from bot.blocks.message import Message
from bot.pacing import Haste
from bot.slack_web import BLOCKS_REFUSED
from bot.thread import SlackRefused, SlackRetryable, ThreadRef, ThreadWriter
from bot.workflows.messages.triage import AlertFace, Placed, ShowAlertsInput, StormFace, WorseInput

CARD, STORM, WORSE = "alert", "storm", "worse"
"""Keys of the messages."""

MOST_LINKS = 1000
"""Permalinks that are remembered."""


@dataclass(frozen=True)
class AlertCards:
    """Every method raises `SlackRetryable`."""

    writer: ThreadWriter
    team: str
    _links: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str], init=False)

    async def show(self, message: ShowAlertsInput, face: AlertFace, *, again: bool) -> Placed:
        """`again`: an earlier attempt may have posted it."""
        entry = face.entry
        card = alert_card(face, lead_link=await self._link(message.channel, face.lead_ts))
        # Under the monitor's message; where the webhook brought it there is none, and the card opens the thread.
        root = not entry.message_ts
        haste: Haste = "now" if entry.severity == "critical" else "later"

        async def write(said: Message) -> str:
            if face.card_ts:
                await self.writer.update(message.channel, face.card_ts, said, haste=haste)
                return face.card_ts
            return await self.writer.post_once(
                ThreadRef(self.team, message.channel, None if root else face.thread_ts or None),
                said,
                # Another life of the alert has another card.
                key=f"{CARD}:{entry.born_at}",
                task_id=alert_id(entry.org, entry.channel, entry.fingerprint),
                # An earlier attempt, or an earlier desk, may have written it.
                check_first=again or face.known_before,
                haste=haste,
            )

        log = structlog.get_logger("gavel.alerts").bind(channel=message.channel, fingerprint=entry.fingerprint)
        try:
            posted = await self._or_in_plain_text(write, card, note=face.note, log=log)
        except SlackRefused as refused:
            log.warning("Slack refused an alert's card. It is tried again later.", reason=refused.error)
            return Placed(face.thread_ts, face.card_ts, error=refused.error)
        return Placed(posted if root and not face.card_ts else face.thread_ts, posted)

    async def show_storm(self, message: ShowAlertsInput, face: StormFace, *, again: bool) -> str:
        """Its ts; as it was where Slack refuses the message."""

        async def write(said: Message) -> str:
            if face.card_ts:
                await self.writer.update(message.channel, face.card_ts, said)
                return face.card_ts
            return await self.writer.post_once(
                ThreadRef(self.team, message.channel, None),
                said,
                key=STORM,
                task_id=f"{message.org}.{face.id}",
                check_first=again or face.known_before,
            )

        log = structlog.get_logger("gavel.alerts").bind(channel=message.channel, storm=face.id)
        try:
            return await self._or_in_plain_text(write, storm_card(face), note="", log=log)
        except SlackRefused as refused:
            log.warning("Slack refused a storm's message. It is tried again with its next news.", reason=refused.error)
            return face.card_ts

    async def tell_worse(self, message: WorseInput) -> None:
        """In the thread of an investigation: what that is about got worse. Raises `SlackRefused`, too."""
        entry = message.entry
        await self.writer.post_once(
            ThreadRef(self.team, entry.channel, message.thread_ts),
            got_worse(entry, message.was),
            key=f"{WORSE}:{message.group}:{entry.severity}",
            task_id=alert_id(entry.org, entry.channel, entry.fingerprint),
            # An earlier attempt, or an earlier run of the desk, may have said it.
            check_first=True,
        )

    @staticmethod
    async def _or_in_plain_text(
        write: Callable[[Message], Awaitable[str]], card: Message, *, note: str, log: FilteringBoundLogger
    ) -> str:
        """The card's ts. Where Slack does not take its blocks, its words alone are written: nobody looks for an alert
        that is not there. With its next news the card is tried again. Raises `SlackRefused` where it takes neither."""
        try:
            return await write(card)
        except SlackRefused as refused:
            if refused.error not in BLOCKS_REFUSED:
                raise
            said = str(refused)
        found = await write(without_blocks(card, note))
        log.warning("Slack refused a card's blocks, so that it says the same in plain text.", reason=said)
        return found

    async def _link(self, channel: str, ts: str) -> str:
        """Slack's permalink. Empty: it gives none; a card is worth more than its link."""
        if not ts:
            return ""
        if (known := self._links.get((channel, ts))) is not None:
            return known
        try:
            answer = await self.writer.web.read("chat.getPermalink", {"channel": channel, "message_ts": ts})
        except (SlackRefused, SlackRetryable):
            return ""
        if len(self._links) >= MOST_LINKS:
            self._links.clear()
        return self._links.setdefault((channel, ts), str(answer.get("permalink") or ""))
