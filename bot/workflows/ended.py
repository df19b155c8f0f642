"""How a task ends before its end: by raising, from wherever it stands."""

from __future__ import annotations

from bot.workflows.messages import Outcome, TaskState


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


def thread_of(state: TaskState) -> str:
    """The ts of the thread's first message. Raises :class:`Ended` where none was ever opened."""
    if state.thread_ts is None:
        raise Ended("failed", "There is no thread to answer in. Nothing was done.")
    return state.thread_ts
