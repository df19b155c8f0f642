"""The files of a task, for the step that reads the request and for those that look into it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from agents.attachments import NOTHING, Attachments, with_eyes
from agents.orchestrator.chat import Member
from bot.attachments.receiving import Received
from bot.blocks.files import TOO_MUCH_TOGETHER, FileRow, files_card, nothing_readable
from bot.workflows.activities.retrying import is_retry
from bot.workflows.messages import Exchange, TaskRequest
from bot.workflows.workbench import Workbench


@dataclass(frozen=True)
class GivenFiles:
    """What was attached, as far as anybody here can see it."""

    given: Attachments = NOTHING
    eyes: Sequence[Member] = ()
    """Those who read images; nobody is looked for where there are none."""
    useless: str | None = None
    """There were files and none can be used: what to say where there is nothing else."""


async def receive(bench: Workbench, request: TaskRequest, thread_ts: str, exchanges: Sequence[Exchange]) -> GivenFiles:
    """Read what was attached to the request and to the answers, and say in the thread what became of it.

    Raises `SlackRetryable`, `SlackRefused` and `LedgerUnavailable`.
    """
    wanted = [*request.files, *(file_id for exchange in exchanges for file_id in exchange.files)]
    if not wanted:
        return GivenFiles()
    received = await bench.files.receive(
        wanted, org=request.org, task_id=request.task_id, user=request.user, recorder=bench.ledger
    )
    given, eyes = await _seen(bench, received.attachments)
    blind = bool(received.attachments.images) and not eyes
    rows = rows_of(received)
    await bench.writer.post_once(
        bench.thread(request, thread_ts),
        files_card(rows, beyond=received.beyond, blind=blind),
        key="files",
        task_id=request.task_id,
        check_first=is_retry() or bool(exchanges),
    )
    return GivenFiles(given, eyes, None if given else nothing_readable(rows))


def rows_of(received: Received) -> list[FileRow]:
    """What is said of each file."""
    return [
        FileRow(file.name, file.size, "", TOO_MUCH_TOGETHER)
        if file.file_id in received.left_out
        else FileRow(file.name, file.size, "" if file.kind == "refused" else file.kind, file.note)
        for file in received.files
    ]


async def attachments_of(bench: Workbench, request: TaskRequest) -> tuple[Attachments, Sequence[Member]]:
    """What the task was given, and who of the models reads images, where there are any."""
    return await _seen(bench, await bench.files.attachments(request.org, request.task_id))


async def _seen(bench: Workbench, attachments: Attachments) -> tuple[Attachments, Sequence[Member]]:
    if not attachments.images:
        return attachments, ()
    eyes = await asyncio.to_thread(with_eyes, bench.members)
    return (attachments, eyes) if eyes else (attachments.without_images(), ())
