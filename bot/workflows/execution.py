"""Running an approved plan: phase by phase, one path, stopping at the first thing that is not as approved."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from bot.workflows import steps
from bot.workflows.controls import Controls
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
from tools.contracts.taskspec import TaskSpec

CANCELLED = "The task was cancelled."


class Execution:
    """One run of one proposal. The state it keeps is the workflow's."""

    def __init__(self, state: TaskState, spec: TaskSpec, proposal: Proposal, *, controls: Controls) -> None:
        self._state = state
        self._spec = spec
        self._proposal = proposal
        self._controls = controls
        self._touched: list[str] = []
        self._resources: list[str] = []
        self._next = 0

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
        if self._resources:
            detail = f"All {last} phases are done, on {', '.join(self._resources[:5])}."
        else:
            detail = f"All {last} phases are done; {len(self._touched)} assets changed."
        if self._proposal.waiver and not self._proposal.approvals:
            detail += f" No approval was needed ({self._proposal.waiver})."
        return "completed", detail

    async def run_until(self, end: int) -> tuple[Outcome, str] | None:
        """The phases before index `end` that have not run yet. None: all went well, and what follows may."""
        if not self._state.phases:
            self._state.phases = [PhaseRecord(name=phase.name, state="waiting") for phase in self._proposal.plan.phases]
        for index in range(self._next, end):
            phase = self._proposal.plan.phases[index]
            self._next = index + 1
            overslept = await self._hold()
            if self._state.cancelled_by:
                return await self._stop(index, "cancelled", CANCELLED)
            if overslept is not None:
                return await self._stop(index, "failed", overslept)
            record = self._state.phases[index]
            record.state = "running"
            if phase.type == "wait":
                # A durable pause: it outlives the worker. A cancellation ends it early, and nothing else does.
                await self._wait(phase.wait_seconds)
                record.state = "skipped" if self._state.cancelled_by else "done"
                continue
            result = await self._run_phase(index)
            self._note(result)
            record.state, record.detail = ("done" if result.ok else "failed"), result.detail
            if not result.ok:
                return await self._stop(index + 1, "failed", result.detail)
        return None

    async def give_up(self, outcome: Outcome, why: str) -> tuple[Outcome, str]:
        """Nobody wants the rest: what ran without approval is put back."""
        return await self._stop(self._next, outcome, why)

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
            left = (datetime.fromisoformat(pause.until) - workflow.now()).total_seconds()
            try:
                await workflow.wait_condition(
                    lambda: self._state.pause is None or bool(self._state.cancelled_by),
                    timeout=timedelta(seconds=max(0, left)),
                )
            except TimeoutError:
                return "It was paused, and nobody resumed it in time."

    async def _show(self) -> None:
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
        except ActivityError as error:
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
        self._touched.extend(asset for asset in result.touched if asset not in self._touched)
        self._resources.extend(resource for resource in result.resources if resource not in self._resources)

    async def _wait(self, seconds: int) -> None:
        if seconds == 0:
            return
        try:
            await workflow.wait_condition(lambda: bool(self._state.cancelled_by), timeout=timedelta(seconds=seconds))
        except TimeoutError:
            return  # the pause is over, as planned

    async def _stop(self, first_unrun: int, outcome: Outcome, why: str) -> tuple[Outcome, str]:
        """Skip the rest; undo what was touched."""
        if outcome == "cancelled":
            self._state.ended_by = self._state.cancelled_by
        self._state.pause = None
        for record in self._state.phases[first_unrun:]:
            record.state = "skipped"
        if not self._touched and not self._resources:
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
                    request=self._state.request,
                    thread_ts=self._state.thread_ts or "",
                    spec=self._spec,
                    proposal=self._proposal,
                    touched=self._touched,
                    resources=self._resources,
                    reason=why,
                    phases=self._state.phases,
                ),
            )
        except ActivityError as error:
            left = ", ".join([*self._touched, *self._resources][:5])
            return RollbackResult(ok=False, detail=f"It was given up: {_cause(error)} Look at these now: {left}")


def _cause(error: ActivityError) -> str:
    return f"{error.cause or error}"[:300]
