"""New alerts on their way into groups."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter
from temporalio import workflow
from temporalio.exceptions import ActivityError

from bot.workflows import steps
from bot.workflows.alerts.grouping import is_worse, members_of, place
from bot.workflows.messages.alerts import RANKS, TriageRules
from bot.workflows.messages.triage import DeskState, Docket, Group, RelateInput, Relation
from tools.contracts.incident import AlertSeverity

MOST_ASKED = 500_000
"""Bytes of one question to the estate. Temporal takes 2 MiB, and ends what sends more."""

_RELATION = TypeAdapter(Relation)


@dataclass
class Placing:
    """Of one desk."""

    desk: DeskState
    org: str
    closing: bool = False
    relating: bool = False
    """The estate is being asked."""

    async def keep(self) -> None:
        """Run until it is cancelled, or closing."""
        while not self.closing:
            await workflow.wait_condition(lambda: self.closing or bool(self.unplaced()))
            if self.closing:
                return
            # Not put off by what comes meanwhile: a storm must not keep itself from being looked into.
            await asyncio.sleep(min(one.entry.rules.group_seconds for one in self.unplaced()))
            if (new := self.unplaced()) and not self.closing:
                await self._place(new)

    def unplaced(self) -> list[Docket]:
        return [
            one
            for one in self.desk.dockets.values()
            if one.group is None and not one.triaged and one.entry.status == "firing"
        ]

    async def _place(self, new: list[Docket]) -> None:
        self.relating = True
        ties = dict[str, list[str]]()
        try:
            for some in _by_bytes([Relation(one.entry.fingerprint, one.entry.labels, one.entry.names) for one in new]):
                ties |= await steps.run(steps.RELATE, RelateInput(self.org, rules_of(new).group_by, some))
        except ActivityError:
            ties = {}  # the estate is away: each alert is a group of its own
        finally:
            self.relating = False
        still = [docket for docket in new if docket.group is None and not docket.triaged]
        place(self.desk, still, ties, open_groups=self._open_groups(), now=workflow.now().isoformat())

    def _open_groups(self) -> set[int]:
        """What comes after an investigation ended was not seen by it."""
        now = workflow.now()
        return {
            group.number
            for group in self.desk.groups.values()
            if group.state in ("waiting", "running")
            and (firing := [one for one in members_of(self.desk, group) if one.entry.status == "firing"])
            and now - datetime.fromisoformat(group.opened_at) < timedelta(seconds=rules_of(firing).window_seconds)
        }


def outgrows(docket: Docket, group: Group) -> bool:
    """It has become worse than all that its group was looked into for. What that is about waits until it is over."""
    if group.state in ("done", "skipped"):
        return docket.entry.status == "firing" and rises(docket.entry.severity, group.severity)
    return is_worse(docket.entry, group) and docket.entry.fingerprint != group.lead


def rises(severity: AlertSeverity, above: AlertSeverity) -> bool:
    return RANKS[severity] < RANKS[above]


def rules_of(dockets: list[Docket]) -> TriageRules:
    """The newest."""
    return max(dockets, key=lambda docket: docket.arrived).entry.rules


def _by_bytes(relations: list[Relation]) -> Iterator[list[Relation]]:
    some, size = list[Relation](), 0
    for relation in relations:
        of_this = len(_RELATION.dump_json(relation)) + 1
        if some and size + of_this > MOST_ASKED:
            yield some
            some, size = [], 0
        some.append(relation)
        size += of_this
    if some:
        yield some
