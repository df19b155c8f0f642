"""Several tasks in one message: confirmed by the person, then one after the other, each a task of its own.

Each part is a child workflow with its own reading, plan, gates and approval: no decision ever covers two of them, and
the history of none grows with the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import FailureError
from temporalio.workflow import ChildWorkflowHandle, ParentClosePolicy

from bot.workflows import steps
from bot.workflows.messages import Answer, EnlistInput, TaskRequest, TaskResult, TaskState
from tools.contracts.control import Control
from tools.contracts.taskspec import Intent

ALL, FIRST, NONE = "all", "first", "none"
"""The values of the list's buttons."""

MOST_PASSED_ON = 500
"""Replies that one part is told: the history of this task must not be made too long by them, and while it waits for a
part it cannot hand on to another run."""

BROKE: frozenset[str] = frozenset({"failed", "rolled_back", "cancelled"})
"""Outcomes after which the next part is not begun: it may have counted on this one."""

_TYPED = {
    ALL: (
        *("all", "both", "yes", "ok", "okay", "confirm", "go", "go ahead", "in this order", "all of them"),
        *("ja", "alle", "beide", "oui", "tous", "sí", "todos", "да", "はい", "是"),
    ),
    FIRST: (
        *("first", "only the first", "just the first", "the first", "only first", "1"),
        *("nur das erste", "seulement le premier", "solo el primero", "только первое", "最初だけ", "只要第一个"),
    ),
    NONE: ("none", "cancel", "no", "stop", "neither", "nein", "non", "ninguno", "нет", "いいえ", "不"),
}


def chosen(answer: str, intents: Sequence[Intent]) -> list[int] | None:
    """Which parts the person wants, from 1. None: the words say something else, and are read again with the message."""
    said = " ".join(answer.lower().strip(" .!").split())
    found = next((choice for choice, words in _TYPED.items() if said in words), None)
    match found:
        case "all":
            return [*range(1, len(intents) + 1)]
        case "first":
            return [1]
        case "none":
            return []
        case _:
            return None


@dataclass(frozen=True)
class Parts:
    """The confirmed parts of one message."""

    state: TaskState
    said: Callable[[], bool]
    """Whether anything came in."""
    replies: Callable[[], list[Answer]]
    """What was said in the thread and not heard yet, taken out of the inbox: it goes on to the part in work."""
    cancelled: Callable[[], Control | None]
    """The cancellation that counted, as it was signed."""

    async def run(self, intents: Sequence[Intent], numbers: Sequence[int]) -> str:
        """One sentence: how each ended. What came after a part that broke is not begun."""
        told: list[str] = []
        for at, number in enumerate(numbers):
            result = await self._work_on(intents[number - 1], number)
            told.append(f"{number}. {result.outcome.replace('_', ' ')}")
            left = numbers[at + 1 :]
            if left and (result.outcome in BROKE or self.cancelled() is not None):
                told.append(f"{', '.join(map(str, left))}: not begun, because {number} was {result.outcome}")
                break
        return f"{'; '.join(told)}."

    async def _work_on(self, intent: Intent, number: int) -> TaskResult:
        request = await steps.run(
            steps.ENLIST,
            EnlistInput(
                request=self.state.request,
                thread_ts=self.state.thread_ts or "",
                words=intent.words,
                number=number,
            ),
        )
        handle: ChildWorkflowHandle[object, TaskResult] = await workflow.start_child_workflow(
            "gavel-task",
            request,
            id=request.task_id,
            result_type=TaskResult,
            # A part that runs when this task is ended from outside goes on to its own end: it may hold half a change.
            parent_close_policy=ParentClosePolicy.ABANDON,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        )
        self.state.parts.append(request.task_id)
        await self._pass_on_while_it_works(handle)
        return await handle

    async def _pass_on_while_it_works(self, handle: ChildWorkflowHandle[object, TaskResult]) -> None:
        """What is said in the thread meanwhile, and a cancellation, once."""
        told: list[Control] = []
        passed_on = 0

        def something_to_do() -> bool:
            return handle.done() or self.said() or (self.cancelled() is not None and not told)

        while not handle.done():
            await workflow.wait_condition(something_to_do)
            cancel = self.cancelled()
            if cancel is not None and not told:
                told.append(cancel)
                await self._pass_on(handle, "control", cancel)
            for reply in self.replies():
                passed_on += 1
                if passed_on <= MOST_PASSED_ON:
                    await self._pass_on(handle, "answer", reply)
                else:
                    workflow.logger.warning("A reply was not passed on to a part: it was told %s.", MOST_PASSED_ON)

    async def _pass_on(
        self, handle: ChildWorkflowHandle[object, TaskResult], name: str, message: Answer | Control
    ) -> None:
        """As it was signed: the part checks it itself. One that ended in the same moment hears no more."""
        try:
            await handle.signal(name, message)
        except FailureError:
            workflow.logger.info("A reply came too late for the part that was being worked on.")


def is_for(request: TaskRequest, *, org: str, task_id: str) -> bool:
    """Whether something addressed to `task_id` is for this task: by its own name, or by the whole it is a part of."""
    return org == request.org and bool(task_id) and task_id in (request.task_id, request.part_of)
