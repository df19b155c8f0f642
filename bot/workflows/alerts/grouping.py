"""Which alerts belong together, by the ties between them; and which of them comes first. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bot.workflows.messages.alerts import RANKS, AlertEntry
from bot.workflows.messages.triage import DeskState, Docket, Group

NEEDS = "needs "
"""How the tie to something begins that an alert's service depends on: it counts where that alerts, too."""

MOST_TIES = 200
"""Of one group: what comes after them ties nothing more to it."""


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
        mine = ties.get(docket.entry.fingerprint, [])
        tied = (
            group
            for group in (desk.groups[number] for number in sorted(open_groups))
            if are_tied(mine, group.ties) and not is_worse(docket.entry, group)
        )
        group = next(tied, None) or new_group(desk, now)
        group.ties += sorted(set(mine) - set(group.ties))[: max(0, MOST_TIES - len(group.ties))]
        if docket.entry.fingerprint not in group.members:
            group.members.append(docket.entry.fingerprint)
        docket.group = group.number
        open_groups = {*open_groups, group.number}


def are_tied(some: Collection[str], others: Collection[str]) -> bool:
    """They share a tie, or one needs what the other is. To need the same thing is no tie as long as that is well."""
    own, their = _own(some), _own(others)
    return bool(own & their or _needed(some) & their or _needed(others) & own)


def is_worse(entry: AlertEntry, group: Group) -> bool:
    """Than all that the group is being looked into for: an investigation of a trifle is none of an outage."""
    return group.state == "running" and RANKS[entry.severity] < RANKS[group.severity]


def urgency(desk: DeskState, group: Group) -> tuple[int, int]:
    """Of its worst alert, and of its first."""
    members = members_of(desk, group) or [desk.dockets[name] for name in group.members]
    return min(RANKS[one.entry.severity] for one in members), min(one.arrived for one in members)


def members_of(desk: DeskState, group: Group) -> list[Docket]:
    """Those that are still in it, the worst first."""
    return by_urgency([desk.dockets[name] for name in group.members if desk.dockets[name].group == group.number])


@dataclass(frozen=True)
class Standing:
    """How a group stands, for the cards of all of its alerts."""

    group: Group
    lead: Docket | None
    """The one that it is, or is to be, looked into for first."""
    size: int
    """Of those that are still in it."""


@dataclass(frozen=True)
class Standings:
    """For one pass over a desk's alerts, in which nothing changes: each group is looked at once, not once an alert.

    A pass is made whenever a workflow's condition is asked about, and Temporal takes a workflow that computes for two
    seconds for stuck.
    """

    desk: DeskState
    _known: dict[int, Standing] = field(default_factory=dict[int, Standing])

    def of(self, docket: Docket) -> Standing | None:
        """Of the group that it is in. None: there is none."""
        group = self.desk.groups.get(docket.group) if docket.group is not None else None
        if group is None:
            return None
        known = self._known.get(group.number)
        if known is None:
            known = self._known[group.number] = _standing(self.desk, group)
        return known


def _standing(desk: DeskState, group: Group) -> Standing:
    members = members_of(desk, group)
    firing = (one for one in members if one.entry.status == "firing")
    lead = desk.dockets.get(group.lead) or next(firing, None) or next(iter(members), None)
    return Standing(group, lead, len(members))


def may_be_asked(docket: Docket, standing: Standing | None) -> bool:
    """Whether a person may have it looked into for itself: it fires, and was left out or goes along with another."""
    if standing is None or docket.entry.status != "firing":
        return False
    return standing.group.state == "skipped" or standing.lead is not docket


def new_group(desk: DeskState, now: str) -> Group:
    desk.numbers += 1
    group = desk.groups[desk.numbers] = Group(number=desk.numbers, ties=[], members=[], opened_at=now)
    return group


def _own(ties: Collection[str]) -> set[str]:
    return {tie for tie in ties if not tie.startswith(NEEDS)}


def _needed(ties: Collection[str]) -> set[str]:
    return {tie.removeprefix(NEEDS) for tie in ties if tie.startswith(NEEDS)}
