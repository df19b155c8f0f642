"""Pausing, resuming and cancelling a task while it runs: who may, when it counts, and what they are told."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Literal

from temporalio import workflow

from bot.workflows import steps
from bot.workflows.messages import HeededControl, Pause, RefusedControl, RolesInput, Standing, TaskState
from bot.workflows.parts import is_for
from bot.workflows.sizes import GAVE_UP, reason_of
from tools.contracts.control import Control
from tools.contracts.identity import at_terminal

_MAY_CANCEL_ALERTS: frozenset[str] = frozenset({"operator", "approver", "admin"})

INBOX_LIMIT = 200
"""Clicks kept while they wait to be weighed. A flood beyond it is dropped: no honest thread makes one."""

MOST_TOLD, MOST_WEIGHED = 100, 2000
"""Of one run of a task: refusals that are told and written down, and clicks that are looked at. While a phase runs a
task cannot hand on to its next run, and clicks must not make its history too long."""

MOST_OF_ONE = 50
"""The same of one person's clicks, so that nobody uses up by themselves what another one needs for Cancel."""

MOST_SEEN = 2000
"""Of the clicks that were weighed, the newest are known again when they are delivered once more."""

ControlProblem = Literal[
    "forged",
    "wrong_task",
    "over",
    "stopping",
    "not_running",
    "stale_run",
    "paused_before",
    "not_paused",
    "not_in_role",
]
"""Stable names: they stand in the ledger."""

CONTROL_SENTENCES: dict[ControlProblem, str] = {
    "forged": "That did not come from a button Gavel can vouch for. Nothing was changed by it.",
    "wrong_task": "That button belongs to another task. Nothing was changed by it. Use the card in the task's thread.",
    "over": "This task is over, so there is nothing left to pause or stop. Your click changed nothing.",
    "stopping": "This run is being stopped already. Your click changed nothing.",
    "not_running": "No plan is running here now. Your click changed nothing.",
    "stale_run": "That button belongs to another run than the one that is going on. Use the newest card.",
    "paused_before": "This run is paused already. Your click changed nothing. Resume it, or cancel it, on its card.",
    "not_paused": "This run is not paused. Your click changed nothing.",
    "not_in_role": (
        "You may not do that here, and nothing was changed by it. Whoever asked for the change may pause or cancel it, "
        "and so may those whose roles, their own or lent to them, may decide on it. Whoever paused it may resume it, "
        "and so may who could approve it. What an alert started may be cancelled by operators, approvers and admins."
    ),
}
"""What the one who clicked is told: what was not done, and what to do where something can be done."""


def problem_before_roles(control: Control, state: TaskState) -> ControlProblem | None:
    """Everything that can be said without asking who holds which role. `control` is already authentic."""
    request, proposal = state.request, state.proposal
    if not is_for(request, org=control.org, task_id=control.task_id):
        return "wrong_task"
    if state.status == "done":
        return "over"
    if state.cancelled_by:
        return "stopping"
    bound = control.revision, control.plan_digest
    if control.action == "cancel" and bound == (0, ""):
        return None
    # What ran without approval may be waiting for its rest to be approved: that can be cancelled, and not paused.
    if proposal is None or (control.action != "cancel" and state.status != "executing"):
        return "not_running"
    if bound != (proposal.revision, proposal.plan.digest):
        return "stale_run"
    if control.action == "pause" and state.pause is not None:
        return "paused_before"
    if control.action == "resume" and state.pause is None:
        return "not_paused"
    return None


def may(control: Control, state: TaskState, standing: Standing) -> bool:
    """Stopping is open to whoever asked and whoever might decide, by a role of their own or one that was lent to them.
    Going on is like an approval, unless they only take back their own pause."""
    if at_terminal(control.user):
        return control.action == "cancel"
    held = {*standing.roles, *(role for lent in standing.lent for role in lent.roles)}
    if state.request.source == "alert" and state.proposal is None:
        # Nobody asked, and no policy has said yet who decides.
        return control.action == "cancel" and bool(_MAY_CANCEL_ALERTS & held)
    deciding = set(state.proposal.requirement.roles) if state.proposal is not None else set[str]()
    if control.user != state.request.user and not held & deciding:
        return False
    if control.action != "resume" or (state.pause is not None and state.pause.user == control.user):
        return True
    return _might_approve(control.user, state, standing)


def _might_approve(user: str, state: TaskState, standing: Standing) -> bool:
    """Neither who asked for the plan or shaped it, nor in their name."""
    if state.proposal is None:
        return False
    theirs = {state.request.user, *state.proposal.shapers}
    lent = (role for lent in standing.lent if lent.giver not in theirs for role in lent.roles)
    return user not in theirs and bool({*standing.roles, *lent} & set(state.proposal.requirement.roles))


class Controls:
    """The hands on one task. :meth:`heed` runs beside the task's own course, so that a click counts while a phase runs.

    The one writer of `TaskState.pause` and `TaskState.cancelled_by`.
    """

    def __init__(self, state: TaskState) -> None:
        self._state = state
        self._inbox: list[Control] = []
        self._weighing = False
        self._resting = False
        self._looked_at: Counter[str] = Counter()
        """Who clicked → how often."""
        self._told = 0

    def add(self, control: Control) -> None:
        """From the signal handler: nothing is decided here."""
        full = len(self._inbox) >= INBOX_LIMIT or self._looked_at.total() >= MOST_WEIGHED
        if full or self._looked_at[control.user] >= MOST_OF_ONE:
            workflow.logger.warning("A click on the run's card was dropped, one of very many: %s", control.action)
            return
        self._looked_at[control.user] += 1
        self._inbox.append(control)

    @property
    def settled(self) -> bool:
        """Every click so far has been weighed. Nothing may be started before: one of them may be a pause."""
        return not self._inbox

    @property
    def waiting(self) -> list[Control]:
        """Those that nobody has begun to weigh."""
        return self._inbox[1:] if self._weighing else list(self._inbox)

    async def rest(self) -> None:
        """Weigh none any more. Returns once the one that is being weighed has been."""
        self._resting = True
        await workflow.wait_condition(lambda: not self._weighing)

    def go_on(self) -> None:
        """After :meth:`rest`."""
        self._resting = False

    async def heed(self) -> None:
        """For as long as the task lives."""
        while True:
            await workflow.wait_condition(lambda: bool(self._inbox) and not self._resting)
            self._weighing = True
            try:
                await self._weigh(self._inbox[0])
            except GAVE_UP as error:
                # What could not be written down does not happen; neither can a phase, which is written down too.
                workflow.logger.warning("A click on the run's card was not heeded: %s", reason_of(error))
            finally:
                self._inbox.pop(0)
                self._weighing = False

    async def _weigh(self, control: Control) -> None:
        self._state.weighed += 1
        if not await steps.authenticate(control):
            # A forged signal names whoever it likes: nobody is told, the ledger still knows.
            await self._refuse(control, "forged", user="")
            return
        if control.unique and control.unique in self._state.seen:
            return
        problem = problem_before_roles(control, self._state)
        if problem is None:
            standing = await steps.run(steps.READ_ROLES, RolesInput(request=self._state.request, user=control.user))
            # Reading may have waited: the run may have ended meanwhile.
            problem = problem_before_roles(control, self._state)
            if problem is None and not may(control, self._state, standing):
                problem = "not_in_role"
        if problem is None:
            await self._obey(control)
        else:
            await self._refuse(control, problem, user=control.user)
        if control.unique:
            self._state.seen = [*self._state.seen[1 - MOST_SEEN :], control.unique]

    async def _obey(self, control: Control) -> None:
        now = workflow.now()
        pause: Pause | None = None
        if control.action == "pause":
            until = now + timedelta(seconds=self._state.request.limits.pause_seconds)
            # At once, before it is told: the phase that would start meanwhile must not.
            self._state.pause = pause = Pause(user=control.user, at=now.isoformat(), until=until.isoformat())
        elif control.action == "cancel":
            self._state.cancelled_by, self._state.cancel = control.user, control
        await steps.run(
            steps.HEED_CONTROL,
            HeededControl(
                request=self._state.request,
                thread_ts=self._state.thread_ts,
                proposal=self._state.proposal if self._state.phases else None,
                phases=self._state.phases,
                control=control,
                pause=pause,
                key=f"control:{self._state.weighed}",
            ),
        )
        if control.action == "resume":
            # Only once it is on record.
            self._state.pause = None

    async def _refuse(self, control: Control, problem: ControlProblem, *, user: str) -> None:
        self._told += 1
        if self._told > MOST_TOLD:
            workflow.logger.warning("A click on the run's card did not count, one of very many: %s", problem)
            return
        await steps.run(
            steps.REFUSE_CONTROL,
            RefusedControl(
                request=self._state.request,
                thread_ts=self._state.thread_ts,
                user=user,
                action=control.action,
                problem=problem,
                sentence=CONTROL_SENTENCES[problem],
                key=f"control-refused:{self._state.weighed}",
            ),
        )
