"""The way to a channel's desk: what many alerts tell it at the same time is one signal, and one is under way at a time.

Temporal lets one request at a workflow at a time; a hundred at once keep each other, and the workflow itself, waiting.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from pydantic import TypeAdapter
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from bot.alerts.names import desk_id
from bot.workflows.alerts.desk import TriageWorkflow
from bot.workflows.messages.alerts import AlertEntry
from bot.workflows.messages.triage import DeskStart
from bot.workflows.options import STORM_TASK

MOST = 50
"""Entries of a signal."""

MOST_BYTES = 500_000
"""Of a signal, where it has more than one entry. Temporal takes 2 MiB, and none of what is larger."""

_ENTRY = TypeAdapter(AlertEntry)


@dataclass
class _Line:
    """Before one desk."""

    waiting: list[tuple[AlertEntry, asyncio.Future[None]]] = field(
        default_factory=list[tuple[AlertEntry, "asyncio.Future[None]"]]
    )
    walking: asyncio.Task[None] | None = None


@dataclass
class DeskDoor:
    """Of one worker."""

    temporal: Client
    task_queue: str
    _lines: dict[tuple[str, str], _Line] = field(default_factory=dict[tuple[str, str], _Line], init=False)

    async def enter(self, entry: AlertEntry) -> None:
        """`entry`: signed. Returns when the signal that carries it is durable; raises what Temporal's client raises."""
        line = self._lines.setdefault((entry.org, entry.channel), _Line())
        taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.waiting.append((entry, taken))
        if line.walking is None or line.walking.done():
            line.walking = asyncio.create_task(self._walk(entry.org, entry.channel, line))
        # One step that is given up must not take the others' signal with it.
        await asyncio.shield(taken)

    async def _walk(self, org: str, channel: str, line: _Line) -> None:
        while line.waiting:
            at_once = _fitting([entry for entry, _ in line.waiting[:MOST]])
            batch, line.waiting = line.waiting[:at_once], line.waiting[at_once:]
            try:
                await self._signal(org, channel, [entry for entry, _ in batch])
            except BaseException as error:
                for _, taken in batch:
                    if not taken.done():
                        taken.set_exception(error if isinstance(error, Exception) else RuntimeError(f"{error!r}"))
                        taken.exception()  # whoever waited may be gone
                if not isinstance(error, Exception):
                    raise
            else:
                for _, taken in batch:
                    if not taken.done():
                        taken.set_result(None)

    async def _signal(self, org: str, channel: str, entries: list[AlertEntry]) -> None:
        await self.temporal.start_workflow(
            TriageWorkflow.run,
            DeskStart(org, channel),
            id=desk_id(org, channel),
            task_queue=self.task_queue,
            task_timeout=STORM_TASK,
            start_signal="enter",
            start_signal_args=[entries],
            # A desk that has nothing left to do ends, and the next alert opens it again.
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )


def _fitting(entries: list[AlertEntry]) -> int:
    """How many of them, from the first, go into one signal. At least one."""
    size = 0
    for number, entry in enumerate(entries):
        size += len(_ENTRY.dump_json(entry)) + 1
        if number and size > MOST_BYTES:
            return number
    return len(entries)
