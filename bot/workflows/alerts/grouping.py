"""Which alerts belong together, by the ties between them; and what the desk forgets. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from bot.workflows.messages.alerts import RANKS, DeskState, Docket, Group

NEEDS = "needs "
"""How the tie to something begins that an alert's service depends on: it counts where that alerts, too."""


def by_urgency(dockets: Collection[Docket]) -> list[Docket]:
    """The worst first; among equals those that arrived first."""
    return sorted(dockets, key=lambda docket: (RANKS[docket.entry.severity], docket.arrived))


def place(
    desk: DeskState,
    new: Sequence[Docket],
    ties: Mapping[str, Sequence[str]],
    *,
    open_groups: Collection[int],
    now: str,
) -> None:
    """Put each new docket into a group it has a tie with, or into a new one. `open_groups`: those that take more in."""
    for docket in by_urgency(new):
        fingerprint = docket.entry.fingerprint
        mine = ties.get(fingerprint, [])
        tied = (desk.groups[number] for number in sorted(open_groups) if are_tied(mine, desk.groups[number].ties))
        group = next(tied, None) or _new_group(desk, now)
        group.ties = sorted({*mine, *group.ties})
        group.members.append(fingerprint)
        docket.group = group.number
        open_groups = {*open_groups, group.number}


def are_tied(some: Collection[str], others: Collection[str]) -> bool:
    """They share a tie, or one needs what the other is. To need the same thing is no tie as long as that is well."""
    own, their = _own(some), _own(others)
    return bool(own & their or _needed(some) & their or _needed(others) & own)


def urgency(desk: DeskState, group: Group) -> tuple[int, int]:
    """Of its worst alert, and of its first."""
    members = [desk.dockets[name] for name in group.members]
    return min(RANKS[one.entry.severity] for one in members), min(one.arrived for one in members)


def forget(desk: DeskState, *, now: datetime, after: timedelta) -> None:
    """Groups that ended, and their alerts, once nothing was heard of any of them for so long."""
    for group in list(desk.groups.values()):
        members = [desk.dockets[name] for name in group.members if desk.dockets[name].group in (group.number, None)]
        old = all(now - datetime.fromisoformat(one.entry.changed_at) > after for one in members)
        in_storm = desk.storm is not None and not set(group.members).isdisjoint(desk.storm.alerts)
        if group.state in ("done", "skipped") and old and not in_storm:
            del desk.groups[group.number]
            named = {name for one in desk.groups.values() for name in one.members}
            for name in group.members:
                if name not in named:
                    desk.dockets.pop(name, None)


def _own(ties: Collection[str]) -> set[str]:
    return {tie for tie in ties if not tie.startswith(NEEDS)}


def _needed(ties: Collection[str]) -> set[str]:
    return {tie.removeprefix(NEEDS) for tie in ties if tie.startswith(NEEDS)}


def _new_group(desk: DeskState, now: str) -> Group:
    desk.numbers += 1
    group = desk.groups[desk.numbers] = Group(number=desk.numbers, ties=[], members=[], opened_at=now)
    return group
