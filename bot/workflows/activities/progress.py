"""The one living message of a run: which phase stands where."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.blocks.actions import RunButton
from bot.blocks.controls import Held
from bot.blocks.execution import PhaseRow, progress_card
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
    card = progress_card(
        request.task_id,
        environment=plan.environment,
        rows=rows,
        control=RunButton(plan.task_id, plan.revision, plan.digest) if going_on else None,
        held=Held(by=pause.user, until=datetime.fromisoformat(pause.until)) if pause and going_on else None,
    )
    thread = bench.thread(request, thread_ts)
    key = f"run:r{proposal.revision}"
    await bench.writer.post_once(thread, card, key=key, task_id=request.task_id, check_first=True)
