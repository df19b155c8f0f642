"""Running an approved plan: phase by phase, one path, stopping at the first thing that is not as approved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from bot.workflows import steps
from bot.workflows.controls import Controls
from bot.workflows.handing_on import HandingOn
from bot.workflows.inbox import Inbox
from bot.workflows.messages import (
    Outcome,
    PhaseInput,
    PhaseRecord,
    PhaseResult,
    Proposal,
    RollbackInput,
    RollbackResult,
    ShowInput,
    TaskState,
)
from bot.workflows.sizes import GAVE_UP, reason_of
from tools.contracts.taskspec import TaskSpec

CANCELLED = "The task was cancelled."

MOST_DETAIL = 1000
"""Characters of how a phase went: what checks found is in it, in others' words."""


class Execution:
    """One run of one proposal. The state it keeps is the workflow's."""

    def __init__(
        self,
        state: TaskState,
        spec: TaskSpec,
        proposal: Proposal,
        *,
        controls: Controls,
        inbox: Inbox,
        turn: HandingOn,
    ) -> None:
        self._state = state
        self._spec = spec
        self._proposal = proposal
        self._controls = controls
        self._inbox = inbox
        self._turn = turn

    async def run(self) -> tuple[Outcome, str]:
        """All that has not run yet: the outcome and one sentence. Nothing runs after a phase that failed, was refused
        or was cancelled."""
        last = len(self._proposal.plan.phases)
        ended = await self.run_until(last)
        if ended is not None:
            return ended
        await workflow.wait_condition(lambda: self._controls.settled)
        if self._state.cancelled_by:
            return await self._stop(last, "cancelled", CANCELLED)
        if self._state.resources:
            detail = f"All {last} phases are done, on {', '.join(self._state.resources[:5])}."
        else:
            detail = f"All {last} phases are done; {len(self._state.touched)} assets changed."
        if self._proposal.waiver and not self._proposal.approvals:
            detail += f" No approval was needed ({self._proposal.waiver})."
        return "completed", detail

    async def run_until(self, end: int) -> tuple[Outcome, str] | None:
        """The phases before index `end` that have not run yet. None: all went well, and what follows may."""
        if not self._state.phases:
            self._state.phases = [PhaseRecord(name=phase.name, state="waiting") for phase in self._proposal.plan.phases]
        for index in range(self._state.next_phase, end):
            phase, record = self._proposal.plan.phases[index], self._state.phases[index]
            # A pause that a run before this one began goes on. Nothing else is begun without a look at the clicks.
            if not (phase.type == "wait" and record.state == "running"):
                await self._hand_on_if_due()
                overslept = await self._hold()
                if self._state.cancelled_by:
                    return await self._stop(index, "cancelled", CANCELLED)
                if overslept is not None:
                    return await self._stop(index, "failed", overslept)
                record.state = "running"
            if phase.type == "wait":
                # A durable pause: it outlives the worker. A cancellation ends it early, and nothing else does.
                await self._wait(phase.wait_seconds)
                record.state = "skipped" if self._state.cancelled_by else "done"
            else:
                result = await self._run_phase(index)
                self._note(result)
                record.state, record.detail = ("done" if result.ok else "failed"), result.detail[:MOST_DETAIL]
                if not result.ok:
                    return await self._stop(index + 1, "failed", record.detail)
            self._state.next_phase = index + 1
        return None

    async def give_up(self, outcome: Outcome, why: str) -> tuple[Outcome, str]:
        """Nobody wants the rest: what ran without approval is put back."""
        return await self._stop(self._state.next_phase, outcome, why)

    async def _hold(self) -> str | None:
        """Between two phases: until every click has been weighed and no pause stands. Why the run must stop, or None.

        What held before the pause need not hold after it: the phase that follows asks everything again.
        """
        while True:
            # A click that came before the phase counts before the phase.
            await workflow.wait_condition(lambda: self._controls.settled)
            pause = self._state.pause
            if pause is None or self._state.cancelled_by:
                return None
            await self._show()
            if not await self._until(
                datetime.fromisoformat(pause.until),
                over=lambda: self._state.pause is None or bool(self._state.cancelled_by),
            ):
                return "It was paused, and nobody resumed it in time."

    async def _hand_on_if_due(self) -> None:
        """What is said while a plan runs is not heard: its writers are told first, and it need not be handed on."""
        await self._turn.if_due(first=lambda: self._inbox.turn_late_ones_away("already_settled"))

    async def _until(self, deadline: datetime, *, over: Callable[[], bool]) -> bool:
        """Whether it was over before the deadline. Meanwhile the task may go on as a new run."""
        while True:
            await self._hand_on_if_due()
            if over():
                return True  # in time, though what was shown meanwhile took until after it
            left = max(timedelta(0), deadline - workflow.now())
            try:
                await workflow.wait_condition(lambda: over() or self._turn.due, timeout=left)
            except TimeoutError:
                return False

    async def _show(self) -> None:
        """That it is paused, on the run's card. A card that cannot be shown ends no run: the pause stands, and is over
        when somebody resumes or cancels the run, or at its deadline."""
        try:
            await steps.run(
                steps.SHOW_RUN,
                ShowInput(
                    request=self._state.request,
                    thread_ts=self._state.thread_ts or "",
                    proposal=self._proposal,
                    phases=self._state.phases,
                    pause=self._state.pause,
                ),
            )
        except GAVE_UP as error:
            workflow.logger.warning("The card of a paused run could not be shown: %s", reason_of(error))

    async def _run_phase(self, index: int) -> PhaseResult:
        try:
            return await steps.run(
                steps.RUN_PHASE,
                PhaseInput(
                    request=self._state.request,
                    thread_ts=self._state.thread_ts or "",
                    spec=self._spec,
                    proposal=self._proposal,
                    index=index,
                    phases=self._state.phases,
                ),
            )
        except GAVE_UP as error:
            # How far it came is not known here: all of it may have changed. The rollback looks at what really did.
            actions = self._proposal.plan.phases[index].actions
            return PhaseResult(
                ok=False,
                ran=True,
                detail=f"The phase was given up: {_cause(error)}",
                touched=[asset for action in actions if not action.resource_ids for asset in action.asset_ids],
                resources=[resource for action in actions for resource in action.resource_ids],
            )

    def _note(self, result: PhaseResult) -> None:
        state = self._state
        state.touched = list(dict.fromkeys([*state.touched, *result.touched]))
        state.resources = list(dict.fromkeys([*state.resources, *result.resources]))

    async def _wait(self, seconds: int) -> None:
        if seconds == 0:
            return
        until = workflow.now() + timedelta(seconds=seconds)
        self._state.wait_until = self._state.wait_until or until.isoformat()
        await self._until(datetime.fromisoformat(self._state.wait_until), over=lambda: bool(self._state.cancelled_by))
        self._state.wait_until = ""

    async def _stop(self, first_unrun: int, outcome: Outcome, why: str) -> tuple[Outcome, str]:
        """Skip the rest; undo what was touched."""
        if outcome == "cancelled":
            self._state.ended_by = self._state.cancelled_by
        self._state.pause = None
        for record in self._state.phases[first_unrun:]:
            record.state = "skipped"
        if not self._state.touched and not self._state.resources:
            return outcome, f"{why} Nothing was changed."
        undone = await self._roll_back(why)
        if not undone.ok:
            return "failed", f"{why} The rollback did not finish: {undone.detail}"
        for record, phase in zip(self._state.phases, self._proposal.plan.phases, strict=True):
            if record.state == "done" and phase.actions:
                record.state = "rolled_back"
        return ("cancelled" if outcome == "cancelled" else "rolled_back"), f"{why} {undone.detail}"

    async def _roll_back(self, why: str) -> RollbackResult:
        try:
            return await steps.run(
                steps.ROLL_BACK,
                RollbackInput(
                    request=replace(self._state.request, text="", quoted="", whole="", mac=""),
                    thread_ts=self._state.thread_ts or "",
                    proposal=self._proposal,
                    touched=self._state.touched,
                    resources=self._state.resources,
                    reason=why,
                ),
            )
        except GAVE_UP as error:
            left = ", ".join([*self._state.touched, *self._state.resources][:5])
            return RollbackResult(ok=False, detail=f"It was given up: {_cause(error)} Look at these now: {left}")


def _cause(error: ActivityError | ApplicationError) -> str:
    return reason_of(error)[:300]
