"""The floor: a Temporal workflow that does nothing, in the shape of a task's own history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from temporalio import activity, workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

Step = Literal["activity", "local", "signal", "pause"]
"""`signal`: waited for with a timer, which the signal cancels. `pause`: a timer that fires."""

PAUSE = timedelta(milliseconds=1)


async def shape_of(task: WorkflowHandle[object, object]) -> list[Step]:
    """What the task's history holds, in order."""
    steps: list[Step] = []
    waiting: set[int] = set()
    async for event in task.fetch_history_events():
        match event.event_type:
            case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                steps.append("activity")
            case EventType.EVENT_TYPE_MARKER_RECORDED:
                steps.append("local")
            case EventType.EVENT_TYPE_TIMER_STARTED:
                waiting.add(event.event_id)
            case EventType.EVENT_TYPE_TIMER_FIRED:
                steps.append("pause")
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                steps.append("signal")
            case _:
                pass
    return steps


def in_words(steps: list[Step]) -> str:
    """`9 activities, 2 local activities, …`."""
    count = Counter(steps)
    return (
        f"{count['activity']} activities, {count['local']} local activities, {count['signal']} signals, "
        f"{count['signal'] + count['pause']} timers"
    )


@workflow.defn(name="bare-task")
class BareTask:
    """Takes the steps one after the other and returns."""

    def __init__(self) -> None:
        self._signalled = 0

    @workflow.run
    async def run(self, steps: list[Step]) -> None:
        wanted = 0
        for position, step in enumerate(steps):
            if step == "activity":
                # As a click comes when the card is there: while the step that posts it is still reporting.
                signal_follows = "signal" in steps[position + 1 : position + 2]
                await workflow.execute_activity(
                    "nothing", signal_follows, start_to_close_timeout=timedelta(seconds=10), result_type=bool
                )
            elif step == "local":
                await workflow.execute_local_activity(
                    "nothing", False, start_to_close_timeout=timedelta(seconds=10), result_type=bool
                )
            elif step == "pause":
                await workflow.sleep(PAUSE)
            else:
                wanted += 1
                await workflow.wait_condition(lambda wanted=wanted: self._signalled >= wanted, timeout=60)

    @workflow.signal
    def go_on(self) -> None:
        self._signalled += 1


@dataclass(frozen=True)
class Nothing:
    click: Callable[[str], None]
    """Called with the workflow's id where its signal is due."""

    @activity.defn(name="nothing")
    async def nothing(self, signal_follows: bool) -> bool:
        if signal_follows:
            self.click(activity.info().workflow_id or "")
        return True
