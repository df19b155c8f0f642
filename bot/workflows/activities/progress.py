"""The one living message of a run: which phase stands where."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from bot.blocks.actions import RunButton
from bot.blocks.controls import Held
from bot.blocks.execution import PhaseRow, progress_card
from bot.blocks.message import Message
from bot.workflows.messages import Pause, PhaseInput, PhaseRecord, PhaseResult, Proposal, TaskRequest
from bot.workflows.workbench import Workbench


def records_after(message: PhaseInput, result: PhaseResult) -> list[PhaseRecord]:
    """The phases as they stand once this one is over. A pause that follows has begun: nothing else would say so."""
    records = [replace(record) for record in message.phases]
    records[message.index].state = "done" if result.ok else "failed"
    records[message.index].detail = result.detail
    following = message.index + 1
    if result.ok and following < len(records) and message.proposal.plan.phases[following].type == "wait":
        records[following].state = "running"
    return records


async def show_progress(
    bench: Workbench,
    request: TaskRequest,
    thread_ts: str,
    proposal: Proposal,
    phases: list[PhaseRecord],
    *,
    pause: Pause | None = None,
    going_on: bool = True,
) -> None:
    """Post or edit the run's progress message: found again by its key, so there is only ever one.

    `going_on` False: it is over or being stopped, and there is nothing left to press.
    """
    card = _card(bench, request, proposal, phases, pause=pause, going_on=going_on)
    thread = bench.thread(request, thread_ts)
    await bench.writer.post_once(thread, card, key=_key(proposal), task_id=request.task_id, check_first=True)


@asynccontextmanager
async def progress_shown(bench: Workbench, message: PhaseInput) -> AsyncGenerator[PhaseProgress]:
    """Around a phase: its start is shown, and `over` shows how it ended.

    Raises `SlackRetryable` and `SlackRefused` before the block when the thread cannot be read: nothing is run then.
    """
    request, thread_ts = message.request, message.thread_ts
    ts = await bench.writer.find(bench.thread(request, thread_ts), task_id=request.task_id, key=_key(message.proposal))
    if ts is None:
        await show_progress(bench, request, thread_ts, message.proposal, message.phases)
        yield PhaseProgress(bench, message, start=None)
        return
    start = _Edit(bench, request.channel, ts, _card(bench, request, message.proposal, message.phases))
    try:
        yield PhaseProgress(bench, message, start=start)
    finally:
        await start.drop()


class PhaseProgress:
    """What the run's message says of one phase. Where Slack has no turn for it in time, what follows says it too."""

    def __init__(self, bench: Workbench, message: PhaseInput, *, start: _Edit | None) -> None:
        self._bench = bench
        self._message = message
        self._start = start

    async def over(self, result: PhaseResult) -> None:
        """Show the end, unless another phase follows at once: that will. Raises `SlackRetryable`, `SlackRefused`."""
        message = self._message
        following = message.proposal.plan.phases[message.index + 1 : message.index + 2]
        if result.ok and following and following[0].type != "wait":
            return
        if self._start is not None:
            await self._start.drop()
        records = records_after(message, result)
        more = result.ok and bool(following)
        thread_ts = message.thread_ts
        await show_progress(self._bench, message.request, thread_ts, message.proposal, records, going_on=more)


class _Edit:
    """An edit that nobody waits for: dropped when its turn has not come by the time it is out of date."""

    def __init__(self, bench: Workbench, channel: str, ts: str, card: Message) -> None:
        self._begun = asyncio.Event()
        self._write = asyncio.create_task(
            bench.writer.update(channel, ts, card, haste="later", on_turn=self._begun.set), name="show a phase's start"
        )

    async def drop(self) -> None:
        """Returns when it is written, has failed, or will never be written. What follows says more than it did."""
        if not self._begun.is_set():
            self._write.cancel()
        await asyncio.wait({self._write})
        if not self._write.cancelled():
            self._write.exception()


def _key(proposal: Proposal) -> str:
    return f"run:r{proposal.revision}"


def _card(
    bench: Workbench,
    request: TaskRequest,
    proposal: Proposal,
    phases: list[PhaseRecord],
    *,
    pause: Pause | None = None,
    going_on: bool = True,
) -> Message:
    rows = [
        PhaseRow(
            name=record.name,
            state=record.state,
            assets=len(phase.asset_ids),
            until=(
                bench.now() + timedelta(seconds=phase.wait_seconds)
                if phase.type == "wait" and record.state == "running"
                else None
            ),
            note=record.detail,
        )
        for record, phase in zip(phases, proposal.plan.phases, strict=True)
    ]
    plan = proposal.plan
    return progress_card(
        request.task_id,
        environment=plan.environment,
        rows=rows,
        control=RunButton(plan.task_id, plan.revision, proposal.report.plan_digest) if going_on else None,
        held=Held(by=pause.user, until=datetime.fromisoformat(pause.until)) if pause and going_on else None,
    )
