"""A word for one person only. It is never what a task depends on."""

from __future__ import annotations

import structlog

from bot.blocks.message import Message
from bot.thread import SlackRefused
from bot.workflows.messages import TaskRequest
from bot.workflows.workbench import Workbench


async def whisper(bench: Workbench, request: TaskRequest, thread_ts: str | None, *, user: str, said: Message) -> bool:
    """Tell one person. Whether they heard: who has left the channel cannot be told, and the task goes on.

    Raises `SlackRetryable`.
    """
    try:
        await bench.writer.tell(bench.thread(request, thread_ts), user, said)
    except SlackRefused as refused:
        log = structlog.get_logger("gavel.thread").bind(task=request.task_id, user=user)
        log.warning("Slack did not let one person be told something. The task goes on.", error=refused.error)
        return False
    return True
