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

from bot.workflows import steps
from bot.workflows.alerts.grouping import Standings, may_be_asked, members_of, new_group, urgency
from bot.workflows.alerts.placing import Placing, outgrows, rises, rules_of
from bot.workflows.alerts.worsening import Worsening
from bot.workflows.messages import TaskRequest, TaskResult
from bot.workflows.messages.triage import DeskState, Docket, FollowInput, Group, OpenInput

WORKFLOW = "gavel-task"

TURN = timedelta(minutes=3)
"""So long at most an investigation keeps the next one waiting."""

TOLD = 400
"""Characters of how an investigation ended, on the alert's card."""

NAMED = 20
"""Alerts of a group that its request knows of."""

MOST_ID, MOST_EARLY = 300, 100
"""Of the ids of tasks that nobody knows of yet: characters of one, and how many. The desk hands them on."""

MOST_REFUSALS = 6
"""Of a card, in a row: without one there is no thread to work in, and the alert is not looked into."""


@dataclass
class Inquiries:
    """Of one desk."""

    desk: DeskState
    org: str
    channel: str
    closing: bool = False
    """Nothing new is begun: the desk hands on to its next run."""
    _asking: set[asyncio.Task[None]] = field(default_factory=set["asyncio.Task[None]"])

    def __post_init__(self) -> None:
        self._placing = Placing(self.desk, self.org)
        self._worsening = Worsening(self.desk)

    def keep(self) -> list[Coroutine[None, None, None]]:
        """Run until they are cancelled."""
        return [self._placing.keep(), self._worsening.keep(), self._keep_starting()]

    def close(self) -> None:
        self.closing = self._placing.closing = self._worsening.closing = True

    @property
    def rests(self) -> bool:
        busy = self._worsening.telling or self._placing.unplaced()
        return not busy and all(group.state in ("done", "skipped") for group in self.desk.groups.values())

    @property
    def waits_for_people(self) -> bool:
        """As :attr:`rests`, but for what waits for people."""
        return not self._placing.unplaced() and all(
            group.state in ("done", "skipped") or (group.state == "running" and group.waits)
            for group in self.desk.groups.values()
        )

    @property
    def idle(self) -> bool:
        """No step is under way that the next run of the desk would have to do again."""
        opening = any(group.state == "running" and not group.task_id for group in self.desk.groups.values())
        return not opening and not self._placing.relating and not self._worsening.telling

    def take_up(self) -> None:
        """What the run before this one left: its investigations go on, and are followed to their end."""
        storm = self.desk.storm
        for group in self.desk.groups.values():
            if group.state != "running":
                continue
            if group.task_id:
                self._begin(self._follow(group))
                continue
            if storm is not None and group.storm == storm.id:
                storm.investigations -= 1
            group.state, group.storm = "waiting", ""

    def hear_of_waiting(self, task_id: str) -> None:
        """A task waits for people. It decides nothing: the next one may begin a little earlier."""
        for group in self.desk.groups.values():
            if group.task_id == task_id:
                group.waits = True
                return
        # Anybody may have signalled it.
        if len(task_id) > MOST_ID or not task_id.isascii() or task_id in self.desk.early:
            return
        self.desk.early.append(task_id)
        del self.desk.early[:-MOST_EARLY]

    def ask_for(self, fingerprint: str, *, by: str) -> None:
        """A person wants this alert looked into, whatever became of its group. Asked twice, it is begun once."""
        docket = self.desk.dockets.get(fingerprint)
        if docket is None or not may_be_asked(docket, Standings(self.desk).of(docket)):
            return
        group = new_group(self.desk, workflow.now().isoformat())
        group.members, group.asked_by, docket.group = [fingerprint], by, group.number

    def _firing(self, group: Group) -> list[Docket]:
        return [one for one in members_of(self.desk, group) if one.entry.status == "firing"]

    async def _keep_starting(self) -> None:
        while not self.closing:
            patience = self._until_a_turn()
            try:
                await workflow.wait_condition(
                    lambda patience=patience: (
                        self.closing
                        or self._next() is not None
                        or (patience is None and self._until_a_turn() is not None)
                    ),
                    timeout=patience,
                )
            except TimeoutError:
                continue  # whoever had the turn has had it for long enough
            group = self._next()
            if group is not None and not self.closing:
                group.state, group.began_at = "running", workflow.now().isoformat()
                self._begin(self._inquire(group))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        asking = asyncio.create_task(work)
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)

    def _turns(self) -> list[datetime]:
        """When those began that others wait for."""
        began = [
            datetime.fromisoformat(group.began_at)
            for group in self.desk.groups.values()
            if group.state == "running" and not group.waits
        ]
        return sorted(at for at in began if workflow.now() - at < TURN)

    def _until_a_turn(self) -> timedelta | None:
        turns = self._turns()
        wanted = any(group.state == "waiting" for group in self.desk.groups.values())
        return turns[0] + TURN - workflow.now() if wanted and turns else None

    def _next(self) -> Group | None:
        """The most urgent that waits, once there is a turn, and a thread to work in.

        One for which Slack refused a thread keeps no other from being looked into.
        """
        waiting = [group for group in self.desk.groups.values() if group.state == "waiting"]
        ready = [group for group in waiting if not self._is_stuck(group)]
        if not ready:
            return None
        # Somebody waits for what they asked for.
        group = min(ready, key=lambda one: (not one.asked_by, urgency(self.desk, one)))
        firing = self._firing(group)
        if not firing:
            return group
        lead = self._lead(firing)
        if lead is not None and not lead.thread_ts:
            return None  # its card is about to be written
        return group if len(self._turns()) < firing[0].entry.rules.parallel else None

    @staticmethod
    def _lead(firing: list[Docket]) -> Docket | None:
        """The one in whose thread its group is looked into; None: Slack refuses all of their cards."""
        return next((one for one in firing if one.thread_ts or not one.refused), None)

    def _is_stuck(self, group: Group) -> bool:
        firing = self._firing(group)
        return bool(firing) and self._lead(firing) is None and not _is_given_up(firing)

    async def _inquire(self, group: Group) -> None:
        try:
            request = await self._request(group)
            if request is not None:
                await self._look_into(group, request)
        except (ActivityError, ChildWorkflowError) as error:
            self._end(group, f"It could not be looked into: {error.cause or error}")

    async def _request(self, group: Group) -> TaskRequest | None:
        """Of its task; None: it is not looked into, and its alerts' cards say why."""
        firing = self._firing(group)
        if not firing:
            group.state, group.note = "skipped", "It was over before it was looked into."
            return None
        storm = self.desk.storm if self.desk.storm is not None and not self.desk.storm.over else None
        if group.asked_by:
            storm = None  # it is on whoever asked
        most = rules_of(firing).storm_investigations
        lead, refusal = self._lead(firing), ""
        if lead is None:
            refusal = (
                f"Not looked into: Slack refuses its card ({firing[0].refused}), and so there is no thread for it."
            )
        elif storm is not None and storm.investigations >= most:
            refusal = f"Not looked into: this storm's {most} investigations are used up."
        elif storm is not None:
            storm.investigations += 1  # now, because others are asked about meanwhile
            group.storm = storm.id
        first = lead or firing[0]
        # Its severity before the step: what comes meanwhile and is worse has a turn of its own.
        group.severity, group.lead = firing[0].entry.severity, first.entry.fingerprint
        members = [first, *(one for one in firing if one is not first)]
        as_bad = {one.entry.fingerprint: one.entry for one in members}
        opened = await steps.run(
            steps.OPEN_INVESTIGATION,
            OpenInput(
                org=self.org,
                channel=self.channel,
                thread_ts=first.thread_ts,
                group=group.number,
                entries=[docket.entry for docket in members[:NAMED]],
                storm=storm.id if storm else "",
                refusal=refusal,
                asked_by=group.asked_by,
                risen=first.looked_as is not None and rises(first.entry.severity, first.looked_as),
            ),
        )
        if opened.request is None:
            group.state, group.note = "skipped", opened.refusal
            if storm is not None and group.storm == storm.id:
                storm.investigations -= 1
                group.storm = ""
            return None
        for docket in members:
            docket.looked_at = workflow.now().isoformat()
            docket.looked_as = as_bad[docket.entry.fingerprint].severity
        return opened.request

    async def _look_into(self, group: Group, request: TaskRequest) -> None:
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
            # By a run before this one, which did not come to know of it.
            self._has_begun(group, request.task_id)
            await self._follow(group)
            return
        self._has_begun(group, request.task_id)
        try:
            result = await handle
            self._end(group, f"Looked into: {result.outcome.replace('_', ' ')}. {result.detail}")
        except ChildWorkflowError as error:
            self._end(group, f"Looking into it failed: {error.cause or error}")

    def _has_begun(self, group: Group, task_id: str) -> None:
        group.task_id, group.waits = task_id, task_id in self.desk.early
        if group.waits:
            self.desk.early.remove(task_id)

    async def _follow(self, group: Group) -> None:
        try:
            result = await steps.run(steps.FOLLOW, FollowInput(self.org, group.task_id))
            self._end(group, f"Looked into: {result.outcome.replace('_', ' ')}. {result.detail}")
        except ActivityError as error:
            self._end(group, f"Looking into it failed: {error.cause or error}")

    def _end(self, group: Group, note: str) -> None:
        group.state, group.note = "done", note[:TOLD]
        for docket in members_of(self.desk, group):
            if outgrows(docket, group):
                docket.group, docket.triaged = None, False


def _is_given_up(firing: list[Docket]) -> bool:
    return all(one.refusals >= MOST_REFUSALS for one in firing)
