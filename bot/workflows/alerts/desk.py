"""The desk of one alert channel: groups alerts, has the worst looked into first, and keeps the storm in bounds."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from bot.workflows import steps
    from bot.workflows.alerts.grouping import by_urgency, forget
    from bot.workflows.alerts.inquiries import Inquiries
    from bot.workflows.alerts.showing import Showing
    from bot.workflows.messages.alerts import AlertEntry, DeskStart, DeskState, Docket, Storm

WAITING = 10_000
"""Entries kept while they wait to be weighed."""

MEMORY = timedelta(days=1)
"""Of a desk that is never without work, at least."""


@workflow.defn(name="gavel-triage")
class TriageWorkflow:
    """One an alert channel, for as long as there is something to triage or to remember."""

    @workflow.init
    def __init__(self, start: DeskStart) -> None:
        self.start = start
        carried = start.carried if workflow.info().continued_run_id else None
        self.desk = carried or DeskState()
        self._waiting: list[AlertEntry] = []
        self._showing = Showing(self.desk, start.org, start.channel)
        self._inquiries = Inquiries(self.desk, start.org, start.channel)

    @workflow.run
    async def run(self, start: DeskStart) -> None:
        working = [asyncio.create_task(work) for work in (self._showing.keep(), *self._inquiries.keep())]
        while await self._has_news():
            await self._weigh()
            self._heed_storm()
            if workflow.info().is_continue_as_new_suggested() and self._rests():
                await _ended(working)
                workflow.continue_as_new(DeskStart(start.org, start.channel, carried=self.desk))
        await _ended(working)

    # Only enqueues, as every handler.
    @workflow.signal
    def enter(self, entry: AlertEntry) -> None:
        if len(self._waiting) < WAITING:
            self._waiting.append(entry)

    @workflow.signal
    def waits(self, task_id: str) -> None:
        """An investigation waits for people. It decides nothing: the next one may begin a little earlier."""
        self._inquiries.waiting_for_people.add(task_id)

    @workflow.query
    def desk_state(self) -> DeskState:
        return self.desk

    async def _has_news(self) -> bool:
        """Something came in, or it is time to look at the storm. False: there is nothing left to do or to remember."""
        rested, storming = self._rests(), self.desk.storm is not None and not self.desk.storm.over
        patience = timedelta(seconds=5) if storming else self._memory() if rested else None
        try:
            await workflow.wait_condition(lambda: bool(self._waiting) or self._rests() != rested, timeout=patience)
        except TimeoutError:
            return storming or not self._is_forgotten()
        return True

    def _memory(self) -> timedelta:
        """What was looked into is known for so long."""
        rules = [docket.entry.rules for docket in self.desk.dockets.values()]
        return timedelta(seconds=max((max(rule.window_seconds, rule.again_seconds) for rule in rules), default=1))

    def _is_forgotten(self) -> bool:
        if not self._rests():
            return False
        changed = datetime.fromisoformat(self.desk.changed_at) if self.desk.changed_at else workflow.now()
        return workflow.now() - changed >= self._memory()

    def _rests(self) -> bool:
        return not self._waiting and self._showing.rests and self._inquiries.rests

    async def _weigh(self) -> None:
        # What a step told twice, because its first attempt had no answer, is weighed once.
        entries = list({entry.mac: entry for entry in self._waiting}.values())
        self._waiting = []
        vouched = await steps.authentic_ones(entries) if entries else []
        for entry, authentic in zip(entries, vouched, strict=True):
            if authentic and (entry.org, entry.channel) == (self.start.org, self.start.channel):
                self._file(entry)
        if entries:
            self.desk.changed_at = workflow.now().isoformat()
        forget(self.desk, now=workflow.now(), after=max(self._memory(), MEMORY))

    def _file(self, entry: AlertEntry) -> None:
        known = self.desk.dockets.get(entry.fingerprint)
        if known is None:
            self.desk.arrivals += 1
            known = Docket(entry, self.desk.arrivals, triaged=not entry.fresh, thread_ts=entry.message_ts)
            known.known_before = entry.reports > 0
            self.desk.dockets[entry.fingerprint] = known
        if entry.reports < known.entry.reports:
            return  # overtaken by a newer one
        if entry.episode != known.entry.episode and not self._looked_lately(known, entry):
            known.group, known.triaged = None, False
        known.entry = entry

    def _looked_lately(self, docket: Docket, entry: AlertEntry) -> bool:
        if not docket.looked_at:
            return False
        again = datetime.fromisoformat(docket.looked_at) + timedelta(seconds=entry.rules.again_seconds)
        return workflow.now() < again

    def _heed_storm(self) -> None:
        """It begins with more different alerts than the rules allow for, and is over when no new one comes."""
        now, storm = workflow.now(), self.desk.storm
        recent = [
            docket
            for docket in self.desk.dockets.values()
            if now - datetime.fromisoformat(docket.entry.opened_at)
            < timedelta(seconds=docket.entry.rules.window_seconds)
        ]
        if storm is None or storm.over:
            firing = [docket for docket in recent if docket.entry.status == "firing"]
            if firing and len(firing) > min(docket.entry.rules.storm_alerts for docket in firing):
                stamp = now.strftime("%Y%m%dT%H%M%S")
                names = [docket.entry.fingerprint for docket in by_urgency(firing)]
                self.desk.storm = Storm(f"{self.start.channel}.{stamp}", now.isoformat(), names)
            return
        known = set(storm.alerts)
        storm.alerts += [one.entry.fingerprint for one in recent if one.entry.fingerprint not in known]
        if not recent and self._inquiries.rests:
            storm.over = True


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
