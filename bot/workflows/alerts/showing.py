"""What the desk writes into Slack: one card an alert, edited in place, and one message a storm. Never a queue of edits.

All of a channel is written here, one after the other, so that the worst comes first and only the newest state is
ever written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from bot.workflows import steps
    from bot.workflows.alerts.grouping import by_urgency
    from bot.workflows.messages.alerts import AlertFace, DeskState, Docket, ShowAlertsInput, Storm, StormFace

AT_ONCE = 5
"""Cards a step: so long does a new and worse alert wait for its own."""

COUNT_AFTER = timedelta(seconds=60)
"""A count that only grew is shown at most so often: edits have a limit of their own."""

STORM_AFTER = timedelta(seconds=10)

NAMED = 5


@dataclass
class Showing:
    """Of one desk."""

    desk: DeskState
    org: str
    channel: str

    async def keep(self) -> None:
        """Run until it is cancelled."""
        while True:
            await self._until_stale()
            faces = self._stale()[:AT_ONCE]
            storm = self._stale_storm()
            said = [(docket, self._said(docket)) for docket in faces]
            now = workflow.now().isoformat()
            try:
                shown = await steps.run(
                    steps.SHOW_ALERTS,
                    ShowAlertsInput(
                        self.org,
                        self.channel,
                        [
                            AlertFace(one.entry, self._note(one), one.thread_ts, one.card_ts, one.known_before)
                            for one in faces
                        ],
                        self._storm_face(storm) if storm is not None else None,
                    ),
                )
            except ActivityError:
                shown = None  # it cannot be written at all; not tried again until there is news
            for at, (docket, text) in enumerate(said):
                docket.shown, docket.shown_at = text, now
                if shown is not None and not shown.cards[at].error:
                    docket.thread_ts, docket.card_ts = shown.cards[at].thread_ts, shown.cards[at].card_ts
            if storm is not None:
                storm.shown, storm.shown_at = self._storm_said(storm), now
                storm.card_ts = shown.storm_ts if shown is not None else storm.card_ts

    @property
    def rests(self) -> bool:
        """Nothing is out of date, not even a count."""
        storm = self.desk.storm
        return all(self._said(one) == one.shown for one in self.desk.dockets.values()) and (
            storm is None or storm.shown == self._storm_said(storm)
        )

    async def _until_stale(self) -> None:
        """Looks again now and then, because a count is stale by the clock."""
        while not self._stale() and self._stale_storm() is None:
            try:
                await workflow.wait_condition(
                    lambda: bool(self._stale()) or self._stale_storm() is not None,
                    timeout=timedelta(seconds=5) if not self.rests else None,
                )
            except TimeoutError:
                continue

    def _stale(self) -> list[Docket]:
        """New alerts, then news, then counts; of each the worst first."""
        new, news, counts = list[Docket](), list[Docket](), list[Docket]()
        for docket in self.desk.dockets.values():
            said = self._said(docket)
            if said == docket.shown:
                continue
            if not docket.shown:
                new.append(docket)
            elif said.rpartition("·")[0] != docket.shown.rpartition("·")[0]:
                news.append(docket)
            elif _is_past(docket.shown_at, COUNT_AFTER):
                counts.append(docket)
        return [*by_urgency(new), *by_urgency(news), *by_urgency(counts)]

    def _said(self, docket: Docket) -> str:
        """What its card says, in short; behind the last dot the count."""
        entry = docket.entry
        state = f"{entry.episode} {entry.status} {entry.severity} {self._note(docket)}"
        return f"{state}·{entry.count}"

    def _note(self, docket: Docket) -> str:
        group = self.desk.groups.get(docket.group) if docket.group is not None else None
        if group is None:
            return "It was triaged before." if docket.triaged else ""
        first = self.desk.dockets[group.members[0]]
        together = len(group.members) - 1
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

    def _stale_storm(self) -> Storm | None:
        storm = self.desk.storm
        if storm is None or storm.shown == self._storm_said(storm):
            return None
        return storm if not storm.shown or storm.over or _is_past(storm.shown_at, STORM_AFTER) else None

    def _storm_said(self, storm: Storm) -> str:
        face = self._storm_face(storm)
        return f"{face.alerts} {face.firing} {face.count} {face.running} {face.done} {face.skipped} {face.over}"

    def _storm_face(self, storm: Storm) -> StormFace:
        dockets = by_urgency([self.desk.dockets[name] for name in storm.alerts])
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
            over=storm.over,
            card_ts=storm.card_ts,
        )


def _is_past(at: str, after: timedelta) -> bool:
    return not at or workflow.now() - datetime.fromisoformat(at) >= after
