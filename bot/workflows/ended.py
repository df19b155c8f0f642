"""How a task ends before its end: by raising, from wherever it stands."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from temporalio import workflow
from temporalio.exceptions import ActivityError

from bot.workflows import steps
from bot.workflows.messages import Outcome, TaskState
from bot.workflows.steps import Input, Output, Step


class Ended(Exception):
    """The task is over. Carries what the person is told."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome: Outcome = outcome
        self.detail = detail


def stop_if_cancelled(state: TaskState) -> None:
    """Raises :class:`Ended` for a task that a person cancelled."""
    if state.cancelled_by:
        state.ended_by = state.cancelled_by
        raise Ended("cancelled", "Nothing was run.")


async def run_unless_cancelled(state: TaskState, step: Step[Input, Output], message: Input) -> Output:
    """:func:`bot.workflows.steps.run` for a step that may wait for hours, e.g. for a model: a person who cancels the
    task meanwhile need not. Raises :class:`Ended` then.
    """
    running = steps.start(step, message)
    await workflow.wait_condition(lambda: running.done() or bool(state.cancelled_by))
    if not running.done():
        running.cancel()
        with suppress(ActivityError, asyncio.CancelledError):
            await running
        stop_if_cancelled(state)
    return await running


def thread_of(state: TaskState) -> str:
    """The ts of the thread's first message. Raises :class:`Ended` where none was ever opened."""
    if state.thread_ts is None:
        raise Ended("failed", "There is no thread to answer in. Nothing was done.")
    return state.thread_ts
