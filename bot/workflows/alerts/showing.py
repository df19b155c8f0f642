"""What the desk writes into Slack: one card an alert, edited in place, and one message a storm. Never a queue of edits.

All of a channel is written here, one after the other, so that the worst comes first and only the newest state is
ever written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from bot.workflows import steps
from bot.workflows.alerts.grouping import Standing, Standings, by_urgency, may_be_asked
from bot.workflows.alerts.inquiries import MOST_REFUSALS
from bot.workflows.messages.triage import (
    AlertFace,
    DeskState,
    Docket,
    Placed,
    ShowAlertsInput,
    Storm,
    StormFace,
)

AT_ONCE = 5
"""Cards a step: so long does a new and worse alert wait for its own."""

COUNT_AFTER = timedelta(seconds=60)
"""A count that only grew is shown at most so often: edits have a limit of their own."""

STORM_AFTER = timedelta(seconds=10)

NAMED = 5


REFUSED_AFTER = timedelta(minutes=10)
"""A card that Slack refused is tried again, until it was refused often enough."""


@dataclass
class Showing:
    """Of one desk."""

    desk: DeskState
    org: str
    channel: str
    closing: bool = False
    """Nothing more is written: the desk hands on to its next run."""
    idle: bool = True
    """No card is being written."""

    async def keep(self) -> None:
        """Run until it is cancelled, or closing."""
        while not self.closing:
            await self._until_stale()
            if not self.closing:
                await self._show(self.stale()[:AT_ONCE], self._stale_storm())

    async def _show(self, dockets: list[Docket], storm: Storm | None) -> None:
        groups = Standings(self.desk)
        said = [_said(docket, groups.of(docket)) for docket in dockets]
        faces = [_face(docket, groups.of(docket)) for docket in dockets]
        storm_said = self._storm_said(storm) if storm is not None else ""
        storm_face = self._storm_face(storm) if storm is not None else None
        now, shown = workflow.now().isoformat(), None
        self.idle = False
        try:
            shown = await steps.run(steps.SHOW_ALERTS, ShowAlertsInput(self.org, self.channel, faces, storm_face))
        except ActivityError as error:
            # It may have written some of them. What cannot be written at all is not tried again until there is news.
            for one in [*dockets, *([storm] if storm is not None else [])]:
                one.known_before = True
            if is_cancelled_exception(error):
                return  # the next run of the desk writes them
        finally:
            self.idle = True
        for at, (docket, text) in enumerate(zip(dockets, said, strict=True)):
            docket.shown, docket.shown_at = text, now
            if shown is not None:
                _take_place(docket, shown.cards[at])
        if storm is not None:
            storm.shown, storm.shown_at = storm_said, now
            storm.card_ts = shown.storm_ts if shown is not None else storm.card_ts

    @property
    def rests(self) -> bool:
        """Nothing is out of date, not even a count; but for what Slack refuses to show."""
        storm, groups = self.desk.storm, Standings(self.desk)
        return all(_said(one, groups.of(one)) == one.shown or one.refused for one in self.desk.dockets.values()) and (
            storm is None or storm.shown == self._storm_said(storm)
        )

    async def _until_stale(self) -> None:
        """What is only a count is stale by the clock."""
        while not self.closing and not self.stale() and self._stale_storm() is None:
            due = self.due()
            try:
                await workflow.wait_condition(
                    lambda due=due: (
                        self.closing or bool(self.stale()) or self._stale_storm() is not None or self.due() != due
                    ),
                    timeout=max(due - workflow.now(), timedelta(0)) if due is not None else None,
                )
            except TimeoutError:
                continue

    def due(self) -> datetime | None:
        """When the first of what may wait is to be written."""
        groups = Standings(self.desk)
        waiting = [
            datetime.fromisoformat(one.shown_at) + (REFUSED_AFTER if one.refused else COUNT_AFTER)
            for one in self.desk.dockets.values()
            if one.shown and (_said(one, groups.of(one)) != one.shown or _is_tried_again(one))
        ]
        storm = self.desk.storm
        if storm is not None and storm.shown and storm.shown != self._storm_said(storm):
            waiting.append(datetime.fromisoformat(storm.shown_at) + STORM_AFTER)
        return min(waiting, default=None)

    def stale(self) -> list[Docket]:
        """New alerts, then news, then counts, then what Slack refused before; of each the worst first."""
        new, news, counts, refused = list[Docket](), list[Docket](), list[Docket](), list[Docket]()
        groups = Standings(self.desk)
        for docket in self.desk.dockets.values():
            said = _said(docket, groups.of(docket))
            if docket.refused and docket.shown:
                if (said != docket.shown or _is_tried_again(docket)) and _is_past(docket.shown_at, REFUSED_AFTER):
                    refused.append(docket)
            elif said == docket.shown:
                continue
            elif not docket.shown:
                new.append(docket)
            elif said.rpartition("·")[0] != docket.shown.rpartition("·")[0]:
                news.append(docket)
            elif _is_past(docket.shown_at, COUNT_AFTER):
                counts.append(docket)
        return [dockets for some in (new, news, counts, refused) for dockets in by_urgency(some)]

    def _stale_storm(self) -> Storm | None:
        storm = self.desk.storm
        if storm is None or storm.shown == self._storm_said(storm):
            return None
        return storm if not storm.shown or storm.over or _is_past(storm.shown_at, STORM_AFTER) else None

    def _storm_said(self, storm: Storm) -> str:
        face = self._storm_face(storm)
        groups = f"{face.running} {face.done} {face.skipped}"
        return f"{face.alerts} {face.firing} {face.count} {groups} {face.left_out} {face.over}"

    def _storm_face(self, storm: Storm) -> StormFace:
        dockets = by_urgency([self.desk.dockets[name] for name in storm.alerts if name in self.desk.dockets])
        groups = {docket.group for docket in dockets if docket.group is not None}
        states = [self.desk.groups[number].state for number in sorted(groups)]
        return StormFace(
            id=storm.id,
            began_at=storm.began_at,
            alerts=len(dockets),
            firing=sum(docket.entry.status == "firing" for docket in dockets),
            count=sum(docket.entry.count for docket in dockets),
            critical=sum(docket.entry.severity == "critical" for docket in dockets),
            groups=len(groups),
            running=states.count("running"),
            done=states.count("done"),
            waiting=states.count("waiting"),
            skipped=states.count("skipped"),
            worst=[docket.entry.title for docket in dockets[:NAMED]],
            left_out=storm.left_out,
            over=storm.over,
            card_ts=storm.card_ts,
            known_before=storm.known_before,
        )


def _face(docket: Docket, standing: Standing | None) -> AlertFace:
    return AlertFace(
        entry=docket.entry,
        note=_note(docket, standing),
        thread_ts=docket.thread_ts,
        card_ts=docket.card_ts,
        known_before=docket.known_before,
        lead_ts=_lead_ts(docket, standing),
        may_be_asked=may_be_asked(docket, standing),
    )


def _said(docket: Docket, standing: Standing | None) -> str:
    """What its card says, in short; behind the last dot the count."""
    entry = docket.entry
    asked = "?" if may_be_asked(docket, standing) else ""
    note, lead_ts = _note(docket, standing), _lead_ts(docket, standing)
    return f"{entry.episode} {entry.status} {entry.severity} {note}{asked}{lead_ts}·{entry.count}"


def _note(docket: Docket, standing: Standing | None) -> str:
    if standing is None:
        return "It was triaged before." if docket.triaged else ""
    group, first, together = standing.group, standing.lead or docket, standing.size - 1
    if first is not docket:
        where = {"waiting": "It is to be", "running": "It is being", "done": "It was", "skipped": ""}[group.state]
        return f"Same trouble as “{first.entry.title[:80]}”. {where} looked into there." if where else group.note
    with_others = f" Together with {together} more." if together else ""
    match group.state:
        case "waiting":
            return f"Waits to be looked into.{with_others}"
        case "running":
            return f"Being looked into, below.{with_others}"
        case "done" | "skipped":
            return f"{group.note}{with_others}"


def _lead_ts(docket: Docket, standing: Standing | None) -> str:
    lead = standing.lead if standing is not None and standing.group.state != "skipped" else None
    return lead.thread_ts if lead is not None and lead is not docket else ""


def _is_past(at: str, after: timedelta) -> bool:
    return not at or workflow.now() - datetime.fromisoformat(at) >= after


def _is_tried_again(docket: Docket) -> bool:
    return bool(docket.refused) and docket.refusals < MOST_REFUSALS and docket.entry.status == "firing"


def _take_place(docket: Docket, placed: Placed) -> None:
    docket.refused = placed.error
    if placed.error:
        docket.refusals += 1
    else:
        docket.thread_ts, docket.card_ts, docket.refusals = placed.thread_ts, placed.card_ts, 0
