"""A hand on a running task: written down, told in the thread, and seen on the run's card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from temporalio import activity

from bot.blocks.controls import told_of
from bot.blocks.message import sentence
from bot.workflows.activities.progress import show_progress
from bot.workflows.activities.retrying import is_retry, working
from bot.workflows.activities.whispering import whisper
from bot.workflows.messages import HeededControl, RefusedControl, ShowInput
from bot.workflows.workbench import Workbench
from tools.contracts.control import ControlAction
from tools.contracts.ledger import LedgerKind

KINDS: Mapping[ControlAction, LedgerKind] = MappingProxyType(
    {"pause": "run_paused", "resume": "run_resumed", "cancel": "run_cancelled"}
)


@dataclass(frozen=True)
class Controlling:
    bench: Workbench

    @activity.defn(name="heed_control")
    async def heed_control(self, message: HeededControl) -> bool:
        """On record first; then the thread hears who did what, and what that means."""
        request, control, proposal = message.request, message.control, message.proposal
        async with working(self.bench, request, message.thread_ts):
            await self.bench.ledger.record(
                KINDS[control.action],
                {
                    "revision": control.revision,
                    "plan_digest": control.plan_digest,
                    "issued_at": control.issued_at,
                    "reason": control.reason,
                    "until": message.pause.until if message.pause else None,
                },
                org=request.org,
                task_id=request.task_id,
                actor=control.user,
                key=message.key,
            )
            if message.thread_ts is None:
                return True
            await self.bench.writer.post_once(
                self.bench.thread(request, message.thread_ts),
                told_of(
                    control,
                    until=datetime.fromisoformat(message.pause.until) if message.pause else None,
                    running=proposal is not None,
                ),
                key=message.key,
                task_id=request.task_id,
                check_first=is_retry(),
            )
            if proposal is not None:
                await show_progress(
                    self.bench,
                    request,
                    message.thread_ts,
                    proposal,
                    message.phases,
                    pause=message.pause,
                    going_on=control.action != "cancel",
                )
        return True

    @activity.defn(name="refuse_control")
    async def refuse_control(self, message: RefusedControl) -> bool:
        """Write down that a click did not count, and tell the one who clicked, and only them. Whether they heard."""
        request = message.request
        async with working(self.bench, request, message.thread_ts):
            await self.bench.ledger.record(
                "control_refused",
                {"action": message.action, "problem": message.problem, "user": message.user},
                org=request.org,
                task_id=request.task_id,
                actor=message.user or "gavel",
                key=message.key,
            )
            if message.user and message.thread_ts is not None:
                said = sentence(message.sentence)
                return await whisper(self.bench, request, message.thread_ts, user=message.user, said=said)
        return True

    @activity.defn(name="show_run")
    async def show_run(self, message: ShowInput) -> bool:
        """The run's card, between two phases."""
        async with working(self.bench, message.request, message.thread_ts):
            await show_progress(
                self.bench,
                message.request,
                message.thread_ts,
                message.proposal,
                message.phases,
                pause=message.pause,
            )
        return True
