"""What a desk computes whenever a condition is asked about grows with its alerts, and not with their square."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import Worker

from bot.workflows.alerts.showing import Showing
from bot.workflows.messages.triage import DeskState, Docket, Group
from tests.unit.alerts.scripted import CHANNEL
from tests.unit.alerts.test_desk_bounds import entry_of

ALERTS = 1000


class Counted(list[str]):
    """Says how often it was gone through."""

    times = 0

    def __iter__(self) -> Iterator[str]:
        self.times += 1
        return super().__iter__()


@workflow.defn(sandboxed=False)
class Passes:
    @workflow.run
    async def run(self) -> dict[str, int]:
        """Pass → how often it goes through the alerts of the one group that there is."""
        now = workflow.now().isoformat()
        desk = DeskState()
        for number in range(ALERTS):
            entry = replace(entry_of("T1", number), changed_at=now)
            # Refused: so that no pass is over at the first that is out of date.
            shown = Docket(entry, number, group=1, shown="something else", shown_at=now, refused="invalid_blocks")
            desk.dockets[entry.fingerprint] = shown
        members = Counted(desk.dockets)
        desk.groups[1] = Group(1, [], members, now, state="waiting")
        showing, counted = Showing(desk, "T1", CHANNEL), dict[str, int]()
        for name, one_pass in (("stale", showing.stale), ("due", showing.due), ("rests", lambda: showing.rests)):
            members.times = 0
            one_pass()
            counted[name] = members.times
        return counted


async def test_each_pass_looks_at_a_group_once_however_many_alerts_it_has(temporal: Client) -> None:
    queue = f"passes-{uuid.uuid4().hex}"
    async with Worker(temporal, task_queue=queue, workflows=[Passes]):
        counted = await temporal.execute_workflow(Passes.run, id=queue, task_queue=queue)
    assert counted == {"stale": 1, "due": 1, "rests": 1}
