"""A reply that names another environment: its writer says whether that is to be a task of its own."""

from __future__ import annotations

from contextlib import suppress

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

from bot.workflows import steps
from bot.workflows.answers import ANSWER_SENTENCES
from bot.workflows.ended import thread_of
from bot.workflows.inbox import Inbox
from bot.workflows.messages import Answer, Elsewhere, ElsewhereInput, TaskState
from bot.workflows.reporting import WORKFLOW
from tools.contracts.taskspec import TaskSpec


def asked(state: TaskState, answer: Answer) -> Elsewhere | None:
    """The open question that a click answers."""
    return next((one for one in state.elsewhere if one.question_id == answer.question_id), None)


async def settle(state: TaskState, inbox: Inbox, spec: TaskSpec, question: Elsewhere, click: Answer) -> None:
    """Start the task that is wanted, or leave it. `click`: authentic, and of this task. The plan waits either way."""
    if click.user != question.reply.user:
        await inbox.tell(click.user, ANSWER_SENTENCES["not_the_writer"])
        return
    state.elsewhere.remove(question)
    settled = await steps.run(
        steps.SETTLE_ELSEWHERE,
        ElsewhereInput(request=state.request, thread_ts=thread_of(state), spec=spec, elsewhere=question, click=click),
    )
    if settled.request is None:
        return
    # Already there: by an earlier run of this very step.
    with suppress(WorkflowAlreadyStartedError):
        await workflow.start_child_workflow(
            WORKFLOW,
            settled.request,
            id=settled.request.task_id,
            # A task of its own: it goes on when this one has ended.
            parent_close_policy=ParentClosePolicy.ABANDON,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        )
