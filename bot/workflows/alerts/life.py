"""The life of one alert in one channel: fired, over, fired again. Counts what monitors say, and tells the desk."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from bot.workflows import steps
from bot.workflows.alerts.brief import labels_of, mark_of, names_in
from bot.workflows.alerts.waiting import enqueue
from bot.workflows.going_on import goes_on_from
from bot.workflows.messages.alerts import (
    RANKS,
    AlertBatch,
    AlertEntry,
    AlertLife,
    AlertSeen,
    AlertStart,
    EnterInput,
    TriageRules,
)
from tools.contracts.alert_notice import AlertNotice

WAITING = 10_000
"""Batches kept while they wait to be weighed: as many signals as Temporal keeps for one run."""

HEARD = 2_000
"""Of what was seen, the newest are known again when they are delivered once more."""

AGAIN = 10
"""Recounts, from when the desk could not be told for good until it is tried anew. Nothing is lost meanwhile."""

FORGOTTEN = timedelta(days=7)
"""Of an alert that still fires: nobody said anything of it for so long."""


@workflow.defn(name="gavel-alert")
class AlertWorkflow:
    """One a fingerprint and channel. Ends when it has been over for as long as it could be opened again."""

    @workflow.init
    def __init__(self, start: AlertStart) -> None:
        self.start = start
        # What somebody else says it is like does not count: only the run before this one knows.
        carried = start.carried if goes_on_from(start.run_id) else None
        self.life = carried or AlertLife()
        self._waiting: list[AlertBatch] = []

    @workflow.run
    async def run(self, start: AlertStart) -> None:
        while await self._has_news():
            await self._weigh()
            if self._is_due():
                await self._tell()
            if workflow.info().is_continue_as_new_suggested():
                while self._waiting:  # what came meanwhile is not to be lost
                    await self._weigh()
                run_id = workflow.info().run_id
                workflow.continue_as_new(
                    AlertStart(start.org, start.channel, start.fingerprint, carried=self.life, run_id=run_id)
                )

    # Only enqueues, as every handler.
    @workflow.signal
    def receive(self, batch: AlertBatch) -> None:
        enqueue(self._waiting, [batch], most=WAITING, of="an alert")

    @workflow.query
    def alert_state(self) -> AlertLife:
        return self.life

    async def _has_news(self) -> bool:
        """Something arrived, or is to be told. False: it is forgotten."""
        if self._is_due():
            return True
        reopen = timedelta(seconds=self.life.rules.reopen_seconds if self.life.rules else 1)
        patience = self._until_recount() if self.life.untold else FORGOTTEN if self._fires() else reopen
        try:
            await workflow.wait_condition(lambda: bool(self._waiting), timeout=patience)
        except TimeoutError:
            return bool(self.life.untold)
        return True

    async def _weigh(self) -> None:
        batches, self._waiting = self._waiting, []
        vouched = await steps.authentic_ones(batches) if batches else []
        for batch, authentic in zip(batches, vouched, strict=True):
            named = (batch.org, batch.channel, batch.fingerprint)
            if authentic and named == (self.start.org, self.start.channel, self.start.fingerprint):
                self.life.rules = batch.rules
                for seen in batch.seen:
                    self._note(seen, batch)

    def _note(self, seen: AlertSeen, batch: AlertBatch) -> None:
        life = self.life
        mark = mark_of(seen.unique)
        # Of what was over, the same may be said anew: a monitor that lost sight of it goes on where it was.
        fires_on = seen.status == "firing" and not self._fires() and seen.at > life.latest_at
        if mark in life.heard and not fires_on:
            return
        life.heard = [*[one for one in life.heard if one != mark][1 - HEARD :], mark]
        life.message_ts = life.message_ts or seen.message_ts
        if seen.status == "firing":
            life.count += 1
            life.untold = life.untold or "counted"
        if seen.at < life.latest_at:
            return  # said before what is known already: out of order
        life.latest_at = seen.at
        life.notice, life.redacted = batch.notice, batch.redacted
        now = workflow.now().isoformat()
        if seen.status == "firing" and not self._fires():
            life.status, life.severity, life.count = "firing", seen.severity, 1
            life.episode, life.opened_at = life.episode + 1, now
            life.born_at = life.born_at or now
        elif seen.status == "firing" and RANKS[seen.severity] < RANKS[life.severity]:
            life.severity = seen.severity
        elif seen.status == "resolved" and self._fires():
            life.status = "resolved"
        else:
            return
        life.untold, life.changed_at = "changed", now

    def _fires(self) -> bool:
        return self.life.status == "firing"

    def _is_due(self) -> bool:
        now = self.life.untold == "changed" and not self.life.untaken
        return now or (bool(self.life.untold) and self._until_recount() <= timedelta(0))

    def _until_recount(self) -> timedelta:
        """Until the desk is told of what it does not know, where that can wait."""
        if not self.life.told_at or self.life.rules is None:
            return timedelta(0)
        recounts = AGAIN if self.life.untaken else 1
        pause = timedelta(seconds=self.life.rules.recount_seconds * recounts)
        return datetime.fromisoformat(self.life.told_at) + pause - workflow.now()

    async def _tell(self) -> None:
        life, untold = self.life, self.life.untold
        life.untold, life.told_at = "", workflow.now().isoformat()
        episode = life.episode
        if life.rules is None or not episode:
            return
        changed = untold == "changed"
        if changed:
            again = f".{life.untaken}" if life.untaken else ""
            life.heard_as = f"heard:{life.opened_at}:{life.reports}{again}"
        told = EnterInput(self._entry(life.rules), life.notice if changed else {}, life.redacted)
        try:
            await steps.run(steps.ENTER_TRIAGE, told)
        except ActivityError as error:
            # It lives on: monitors go on telling it, and the desk is told when that is possible again.
            life.untaken += 1
            life.untold = "changed" if changed else life.untold or untold
            workflow.logger.error(
                "An alert's state did not reach its channel's desk: it is neither shown nor looked into until it does. "
                "It is tried again. %s",
                error.cause or error,
            )
            return
        life.untaken = 0
        life.reports += 1
        life.episode_told = max(life.episode_told, episode)

    def _entry(self, rules: TriageRules) -> AlertEntry:
        life, notice = self.life, AlertNotice.model_validate(self.life.notice)
        return AlertEntry(
            org=self.start.org,
            channel=self.start.channel,
            fingerprint=self.start.fingerprint,
            episode=life.episode,
            status=life.status,
            severity=life.severity,
            source=notice.source,
            title=notice.title,
            labels=labels_of(notice.labels, rules.group_by),
            names=names_in(notice.labels, notice.text),
            count=life.count,
            opened_at=life.opened_at,
            changed_at=life.changed_at,
            message_ts=life.message_ts,
            born_at=life.born_at,
            reports=life.reports,
            fresh=life.episode > life.episode_told,
            heard=life.heard_as,
            rules=rules,
        )
