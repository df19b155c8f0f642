"""When people are told again that a plan waits. Pure: the workflow runs this on every replay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.workflows.messages import TaskLimits


@dataclass(frozen=True)
class Nudge:
    """One moment at which a plan that still waits is brought to mind."""

    at: datetime
    escalates: bool
    """Whether the next role is called in."""


def nudges(start: datetime, deadline: datetime, limits: TaskLimits) -> list[Nudge]:
    """Those of an offer, in order: none before it was made, none when it is over."""
    span = deadline - start
    reminders = [start + span * percent / 100 for percent in limits.remind_percent]
    reminders += [deadline - timedelta(seconds=seconds) for seconds in limits.remind_seconds_before]
    wanted = {Nudge(at, escalates=False) for at in reminders}
    if limits.escalate_percent:
        wanted.add(Nudge(start + span * limits.escalate_percent / 100, escalates=True))
    return sorted(
        (nudge for nudge in wanted if start < nudge.at < deadline), key=lambda nudge: (nudge.at, nudge.escalates)
    )


def due(waiting: list[Nudge], now: datetime) -> Nudge | None:
    """Takes what is due out of `waiting`: the last of it, which escalates where any of it does. A worker that was away
    for hours says a thing once.
    """
    ripe = [nudge for nudge in waiting if nudge.at <= now]
    del waiting[: len(ripe)]
    return Nudge(ripe[-1].at, any(nudge.escalates for nudge in ripe)) if ripe else None
