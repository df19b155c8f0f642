"""Groups of alerts on their way through an investigation: which, in which order, and which not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ActivityError, ChildWorkflowError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from bot.workflows import steps
    from bot.workflows.alerts.grouping import by_urgency, place, urgency
    from bot.workflows.messages import TaskRequest, TaskResult
    from bot.workflows.messages.alerts import DeskState, Docket, Group, OpenInput, RelateInput, Relation, TriageRules

WORKFLOW = "gavel-task"

TURN = timedelta(minutes=3)
"""So long at most an investigation keeps the next one waiting."""

TOLD = 400
"""Characters of how an investigation ended, on the alert's card."""


@dataclass
class Inquiries:
    """Of one desk."""

    desk: DeskState
    org: str
    channel: str
    waiting_for_people: set[str] = field(default_factory=set[str])
    """Task ids."""
    _turns: int = 0
    """Investigations that others wait for."""
    _asking: set[asyncio.Task[None]] = field(default_factory=set["asyncio.Task[None]"])

    def keep(self) -> list[Coroutine[None, None, None]]:
        """Run until they are cancelled."""
        return [self._keep_placing(), self._keep_starting()]

    @property
    def rests(self) -> bool:
        return not self._unplaced() and all(group.state in ("done", "skipped") for group in self.desk.groups.values())

    def _unplaced(self) -> list[Docket]:
        return [
            one
            for one in self.desk.dockets.values()
            if one.group is None and not one.triaged and one.entry.status == "firing"
        ]

    async def _keep_placing(self) -> None:
        while True:
            await workflow.wait_condition(lambda: bool(self._unplaced()))
            # Not put off by what comes meanwhile: a storm must not keep itself from being looked into.
            await asyncio.sleep(min(one.entry.rules.group_seconds for one in self._unplaced()))
            new = self._unplaced()
            if not new:
                continue
            relations = [Relation(one.entry.fingerprint, one.entry.labels, one.entry.text[:2000]) for one in new]
            try:
                asked = RelateInput(self.org, _rules(new).group_by, relations)
                ties = await steps.run(steps.RELATE, asked)
            except ActivityError:
                ties = {}  # the estate is away: each alert is a group of its own
            still = [docket for docket in new if docket.group is None and not docket.triaged]
            place(self.desk, still, ties, open_groups=self._open_groups(), now=workflow.now().isoformat())

    def _open_groups(self) -> set[int]:
        """What comes after an investigation ended was not seen by it."""
        now = workflow.now()
        return {
            group.number
            for group in self.desk.groups.values()
            if group.state in ("waiting", "running")
            and now - datetime.fromisoformat(group.opened_at) < self._window(group)
            and self._firing(group)
        }

    def _window(self, group: Group) -> timedelta:
        return timedelta(seconds=_rules([self.desk.dockets[name] for name in group.members]).window_seconds)

    def _firing(self, group: Group) -> list[Docket]:
        members = (self.desk.dockets[name] for name in group.members)
        return by_urgency([one for one in members if one.entry.status == "firing" and one.group == group.number])

    async def _keep_starting(self) -> None:
        while True:
            await workflow.wait_condition(lambda: self._next() is not None)
            group = self._next()
            if group is not None:
                group.state = "running"
                self._turns += 1
                asking = asyncio.create_task(self._inquire(group))
                self._asking.add(asking)
                asking.add_done_callback(self._asking.discard)

    def _next(self) -> Group | None:
        """The most urgent that waits, once there is a turn, and a thread to work in."""
        waiting = [group for group in self.desk.groups.values() if group.state == "waiting"]
        if not waiting:
            return None
        group = min(waiting, key=lambda one: urgency(self.desk, one))
        leaders = self._firing(group)
        if leaders and (self._turns >= leaders[0].entry.rules.parallel or not leaders[0].thread_ts):
            return None
        return group

    async def _inquire(self, group: Group) -> None:
        try:
            request = await self._request(group)
            if request is not None:
                await self._look_into(group, request)
        except (ActivityError, ChildWorkflowError) as error:
            group.state, group.note = "done", f"It could not be looked into: {error.cause or error}"[:TOLD]
        finally:
            self._turns -= 1

    async def _request(self, group: Group) -> TaskRequest | None:
        """Of its task; None: it is not looked into, and its alerts' cards say why."""
        members = self._firing(group)
        if not members:
            group.state, group.note = "skipped", "It was over before it was looked into."
            return None
        storm = self.desk.storm if self.desk.storm is not None and not self.desk.storm.over else None
        most = members[0].entry.rules.storm_investigations
        refusal = ""
        if storm is not None and storm.investigations >= most:
            refusal = f"Not looked into: this storm's {most} investigations are used up."
        elif storm is not None:
            storm.investigations += 1  # now, because others are asked about meanwhile
        opened = await steps.run(
            steps.OPEN_INVESTIGATION,
            OpenInput(
                org=self.org,
                channel=self.channel,
                thread_ts=members[0].thread_ts,
                group=group.number,
                entries=[docket.entry for docket in members[:20]],
                storm=storm.id if storm else "",
                refusal=refusal,
            ),
        )
        if opened.request is None:
            group.state, group.note = "skipped", opened.refusal
            if storm is not None and not refusal:
                storm.investigations -= 1
            return None
        if storm is not None:
            group.storm = storm.id
        for docket in members:
            docket.looked_at = workflow.now().isoformat()
        return opened.request

    async def _look_into(self, group: Group, request: TaskRequest) -> None:
        group.task_id = request.task_id
        try:
            handle = await workflow.start_child_workflow(
                WORKFLOW,
                request,
                id=request.task_id,
                result_type=TaskResult,
                # It goes on whatever becomes of the desk.
                parent_close_policy=ParentClosePolicy.ABANDON,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            )
        except WorkflowAlreadyStartedError:
            group.state, group.note = "done", "It was looked into before."
            return
        waiting = asyncio.create_task(self._await(group, handle))
        self._asking.add(waiting)
        waiting.add_done_callback(self._asking.discard)
        try:
            await workflow.wait_condition(
                lambda: group.state == "done" or group.task_id in self.waiting_for_people, timeout=TURN
            )
        except TimeoutError:
            return  # others have their turn; its card is told when it ends

    async def _await(self, group: Group, handle: workflow.ChildWorkflowHandle[object, TaskResult]) -> None:
        try:
            result = await handle
            group.note = f"Looked into: {result.outcome.replace('_', ' ')}. {result.detail}"[:TOLD]
        except ChildWorkflowError as error:
            group.note = f"Looking into it failed: {error.cause or error}"[:TOLD]
        group.state = "done"
        self.waiting_for_people.discard(group.task_id)


def _rules(dockets: list[Docket]) -> TriageRules:
    return max(dockets, key=lambda docket: docket.arrived).entry.rules
