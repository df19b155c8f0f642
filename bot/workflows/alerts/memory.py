"""What a desk forgets: what is over and old; and, where there is too much for Temporal to hand on, what is of least
use. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import TypeAdapter

from bot.workflows.alerts.grouping import members_of
from bot.workflows.messages.alerts import RANKS
from bot.workflows.messages.triage import DeskState, Docket, Group

MOST_BYTES = 1_500_000
"""Of a desk's state. Temporal takes 2 MiB."""

ENDED = ("done", "skipped")

_DOCKET = TypeAdapter(Docket)
_GROUP = TypeAdapter(Group)


def forget(desk: DeskState, *, now: datetime, after: timedelta) -> None:
    """Groups that ended, and their alerts, once nothing was heard of any of them for so long."""
    storming = set(desk.storm.alerts) if desk.storm is not None and not desk.storm.over else set[str]()
    old = {
        name
        for name, one in desk.dockets.items()
        if now - datetime.fromisoformat(one.entry.changed_at) > after and name not in storming
    }
    for group in list(desk.groups.values()):
        # One that went on to another group keeps none of those that it left.
        members = members_of(desk, group)
        if group.state in ENDED and all(one.entry.fingerprint in old for one in members):
            for one in members:
                # Another group that it was in may keep it: it must not name one that is gone.
                one.group, one.triaged = None, True
            del desk.groups[group.number]
    named = _named(desk)
    for name in sorted(old - named):
        one = desk.dockets[name]
        if one.group is None and not one.triaged and one.entry.status == "firing":
            continue  # not put into a group yet
        _drop(desk, name)


def fit(desk: DeskState, most: int = MOST_BYTES) -> int:
    """Drop alerts until the state has at most so many bytes; how many were dropped.

    First those with which nothing is to be done any more, the longest unchanged before others; then what goes along in
    an investigation; then what waits for one, the least urgent first; at last what one is for.
    """
    sizes = {name: len(_DOCKET.dump_json(one)) + 2 * len(name) for name, one in desk.dockets.items()}
    total = sum(sizes.values()) + sum(len(_GROUP.dump_json(group)) for group in desk.groups.values())
    dropped = 0
    for one in sorted(desk.dockets.values(), key=lambda one: _use(desk, one)):
        if total <= most:
            break
        name = one.entry.fingerprint
        total -= sizes[name] + _leave_groups(desk, name)
        _drop(desk, name)
        dropped += 1
    return dropped


def _use(desk: DeskState, docket: Docket) -> tuple[int, int, str, int]:
    """The greater, the longer it is kept."""
    group = desk.groups.get(docket.group) if docket.group is not None else None
    unplaced = group is None and not docket.triaged
    if docket.entry.status == "resolved" or (group is None and docket.triaged) or (group and group.state in ENDED):
        return 0, 0, docket.entry.changed_at, docket.arrived
    use = 2 if unplaced or (group and group.state == "waiting") else 3 if group and _leads(docket, group) else 1
    return use, -RANKS[docket.entry.severity], "", -docket.arrived


def _leads(docket: Docket, group: Group) -> bool:
    return group.lead == docket.entry.fingerprint


def _leave_groups(desk: DeskState, name: str) -> int:
    """Bytes that this frees."""
    freed = 0
    for group in [one for one in desk.groups.values() if name in one.members]:
        group.members.remove(name)
        freed += len(name) + 3
        # One whose task has not begun would wait for its turn again, for no alert.
        if not group.members and not (group.state == "running" and group.task_id):
            freed += len(_GROUP.dump_json(group))
            del desk.groups[group.number]
    return freed


def _drop(desk: DeskState, name: str) -> None:
    del desk.dockets[name]
    if desk.storm is None or name not in desk.storm.alerts:
        return
    if desk.storm.over:
        desk.storm = None  # its message says how it ended, and goes on saying so
    else:
        desk.storm.alerts.remove(name)
        desk.storm.left_out += 1


def _named(desk: DeskState) -> set[str]:
    return {name for group in desk.groups.values() for name in group.members}
