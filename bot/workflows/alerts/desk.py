"""The desk of one alert channel: groups alerts, has the worst looked into first, and keeps the storm in bounds."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow

from bot.workflows import steps
from bot.workflows.alerts.grouping import by_urgency
from bot.workflows.alerts.inquiries import Inquiries
from bot.workflows.alerts.memory import fit, forget
from bot.workflows.alerts.placing import outgrows
from bot.workflows.alerts.showing import Showing
from bot.workflows.alerts.waiting import enqueue
from bot.workflows.going_on import goes_on_from
from bot.workflows.messages.alerts import AlertEntry
from bot.workflows.messages.triage import DeskStart, DeskState, Docket, LookInto, Storm

WAITING, CLICKS = 10_000, 1000
"""Entries and clicks kept while they wait to be weighed."""

MEMORY = timedelta(days=1)
"""Of a desk that is never without work, at least."""

CLOSING = timedelta(minutes=1)
"""So long at most a desk that hands on to its next run waits for the steps that are under way."""


@workflow.defn(name="gavel-triage")
class TriageWorkflow:
    """One an alert channel, for as long as there is something to triage or to remember."""

    @workflow.init
    def __init__(self, start: DeskStart) -> None:
        self.start = start
        carried = start.carried if goes_on_from(start.run_id) else None
        self.desk = carried or DeskState()
        self._waiting: list[AlertEntry] = []
        self._clicks: list[LookInto] = []
        self._showing = Showing(self.desk, start.org, start.channel)
        self._inquiries = Inquiries(self.desk, start.org, start.channel)

    @workflow.run
    async def run(self, start: DeskStart) -> None:
        working = [asyncio.create_task(work) for work in (self._showing.keep(), *self._inquiries.keep())]
        self._inquiries.take_up()
        while await self._has_news():
            await self._weigh()
            self._heed_storm()
            # Whatever is under way: an investigation may wait for people for longer than a history may grow.
            if workflow.info().is_continue_as_new_suggested():
                await self._hand_on(working)
        await _ended(working)

    async def _hand_on(self, working: list[asyncio.Task[None]]) -> None:
        """Go on as a new run. Does not return."""
        self._inquiries.close()
        self._showing.closing = True
        with suppress(TimeoutError):
            await workflow.wait_condition(lambda: self._showing.idle and self._inquiries.idle, timeout=CLOSING)
        await _ended(working)
        while self._waiting or self._clicks:  # what came meanwhile is not to be lost
            await self._weigh()
        if dropped := fit(self.desk):
            workflow.logger.error("The desk has more alerts than it can keep, and forgot %s: see their lives.", dropped)
        run_id = workflow.info().run_id
        workflow.continue_as_new(DeskStart(self.start.org, self.start.channel, carried=self.desk, run_id=run_id))

    # Only enqueues, as every handler.
    @workflow.signal
    def enter(self, entries: list[AlertEntry]) -> None:
        enqueue(self._waiting, entries, most=WAITING, of="the desk of a channel")

    @workflow.signal
    def look_into(self, click: LookInto) -> None:
        enqueue(self._clicks, [click], most=CLICKS, of="the desk of a channel")

    @workflow.signal
    def waits(self, task_id: str) -> None:
        """An investigation waits for people. It decides nothing: the next one may begin a little earlier."""
        self._inquiries.hear_of_waiting(task_id)

    @workflow.query
    def desk_state(self) -> DeskState:
        return self.desk

    async def _has_news(self) -> bool:
        """Something came in, or it is time to look at the storm. False: there is nothing left to do or to remember."""
        rested, calm = self._rests(), self._inquiries.waits_for_people
        storm_ends = self._storm_ends() if calm else None
        patience = self._memory() if rested else None
        if storm_ends is not None:
            patience = max(storm_ends - workflow.now(), timedelta(0))
        try:
            await workflow.wait_condition(
                lambda: (
                    bool(self._waiting or self._clicks)
                    or (self._rests(), self._inquiries.waits_for_people) != (rested, calm)
                    or workflow.info().is_continue_as_new_suggested()
                ),
                timeout=patience,
            )
        except TimeoutError:
            return storm_ends is not None or not self._is_forgotten()
        return True

    def _storm_ends(self) -> datetime | None:
        """When no new alert will have come for long enough. None: there is no storm."""
        if self.desk.storm is None or self.desk.storm.over:
            return None
        return max((_recent_until(one) for one in self.desk.dockets.values()), default=workflow.now())

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
        return not self._waiting and not self._clicks and self._showing.rests and self._inquiries.rests

    async def _weigh(self) -> None:
        # What a step told twice, because its first attempt had no answer, is weighed once.
        entries = list({entry.mac: entry for entry in self._waiting}.values())
        clicks = list({click.mac: click for click in self._clicks}.values())
        self._waiting, self._clicks = [], []
        said = [*entries, *clicks]
        vouched = await steps.authentic_ones(said) if said else []
        for one, authentic in zip(said, vouched, strict=True):
            if not authentic or (one.org, one.channel) != (self.start.org, self.start.channel):
                continue
            if isinstance(one, AlertEntry):
                self._file(one)
            else:
                self._inquiries.ask_for(one.fingerprint, by=one.user)
        if entries:
            self.desk.changed_at = workflow.now().isoformat()
        forget(self.desk, now=workflow.now(), after=max(self._memory(), MEMORY))

    def _file(self, entry: AlertEntry) -> None:
        known = self.desk.dockets.get(entry.fingerprint)
        if known is not None and _is_overtaken(entry, known.entry):
            return
        if known is None or entry.born_at != known.entry.born_at:
            known = self._open(entry, known)
        elif entry.episode != known.entry.episode and not self._looked_lately(known, entry):
            known.group, known.triaged = None, False
        known.entry = entry
        group = self.desk.groups.get(known.group) if known.group is not None else None
        if group is not None and outgrows(known, group):
            known.group, known.triaged = None, False

    def _open(self, entry: AlertEntry, forgotten: Docket | None) -> Docket:
        """`forgotten`: what an earlier life of it left. Only that it was looked into lately is taken from that."""
        self.desk.arrivals += 1
        docket = Docket(entry, self.desk.arrivals, triaged=not entry.fresh, thread_ts=entry.message_ts)
        docket.known_before = entry.reports > 0
        if forgotten is not None and self._looked_lately(forgotten, entry):
            docket.group, docket.looked_at = forgotten.group, forgotten.looked_at
            docket.looked_as = forgotten.looked_as
        self.desk.dockets[entry.fingerprint] = docket
        return docket

    def _looked_lately(self, docket: Docket, entry: AlertEntry) -> bool:
        if not docket.looked_at:
            return False
        again = datetime.fromisoformat(docket.looked_at) + timedelta(seconds=entry.rules.again_seconds)
        return workflow.now() < again

    def _heed_storm(self) -> None:
        """It begins with more different alerts than the rules allow for, and is over when no new one comes."""
        now, storm = workflow.now(), self.desk.storm
        recent = [docket for docket in self.desk.dockets.values() if now < _recent_until(docket)]
        if storm is None or storm.over:
            firing = [docket for docket in recent if docket.entry.status == "firing"]
            if firing and len(firing) > min(docket.entry.rules.storm_alerts for docket in firing):
                stamp = now.strftime("%Y%m%dT%H%M%S")
                names = [docket.entry.fingerprint for docket in by_urgency(firing)]
                self.desk.storm = Storm(f"{self.start.channel}.{stamp}", now.isoformat(), names)
            return
        known = set(storm.alerts)
        storm.alerts += [one.entry.fingerprint for one in recent if one.entry.fingerprint not in known]
        # What waits for people may wait for long, and must not make one storm of all that comes meanwhile.
        if not recent and self._inquiries.waits_for_people:
            storm.over = True


def _recent_until(docket: Docket) -> datetime:
    return datetime.fromisoformat(docket.entry.opened_at) + timedelta(seconds=docket.entry.rules.window_seconds)


def _is_overtaken(entry: AlertEntry, by: AlertEntry) -> bool:
    """Something newer is known. A new life counts its reports anew."""
    born, known_born = datetime.fromisoformat(entry.born_at), datetime.fromisoformat(by.born_at)
    return (born, entry.reports) < (known_born, by.reports)


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
