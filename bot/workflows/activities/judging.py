"""Layer 4 as an activity: the gates judge the plan, and the thread hears what they refused."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from temporalio import activity

from bot.blocks.task import RefusedPlan, refusal_card
from bot.workflows.activities.retrying import is_retry, of_this_attempt, working
from bot.workflows.messages import Judged, JudgeInput
from bot.workflows.workbench import Workbench
from policies.engine import PolicyUnavailable, is_object
from policies.gate import JudgeContext
from tools.contracts.common import JsonObject
from tools.contracts.outputs import OUTPUT_OF, read_plan, read_report
from tools.contracts.verdict import GateReport


@dataclass(frozen=True)
class Judging:
    bench: Workbench

    @activity.defn(name="judge")
    async def judge(self, message: JudgeInput) -> Judged:
        """All four gates, in order. An engine that is away is waited for: no repair attempt is spent on it."""
        request = message.request
        async with working(self.bench, request, message.thread_ts):
            written = self._written(message)
            # The tools' answers are for good in the ledger: they need not travel through Temporal.
            caller, results = await asyncio.gather(
                self.bench.caller(request),
                self.bench.ledger.tool_results(request.org, request.task_id, message.investigated.tool_call_ids),
            )
            examination = await self.bench.pipeline.examine(
                written,
                JudgeContext(
                    caller=caller,
                    spec=message.spec,
                    agent=message.spec.agents[0],
                    contract=OUTPUT_OF[message.spec.agents[0]],
                    revision=message.revision,
                    council=message.investigated.council,
                    known_tool_calls=frozenset(message.investigated.tool_call_ids),
                    results=results,
                    approval_expiry_seconds=request.limits.approval_seconds,
                    now=self.bench.now(),
                ),
            )
            report = examination.report
            if report.unavailable is not None:
                raise PolicyUnavailable(report.unavailable)
            await self.bench.ledger.record(
                "plan_validated" if report.subject == "plan" else "report_validated",
                {
                    "revision": message.revision,
                    "allowed": report.allowed,
                    "gates_off": report.gates_off,
                    **report.model_dump(mode="json"),
                    **examination.as_recorded(),
                },
                org=request.org,
                task_id=request.task_id,
                actor="gavel",
                key=of_this_attempt(f"validated:r{message.revision}"),
            )
            if not report.allowed:
                await self._say_refused(message, report)
                return Judged(report=report, plan=None)
        if report.subject == "report":
            return Judged(report=report, plan=None, found=read_report(written))
        return Judged(report=report, plan=read_plan(written))

    @staticmethod
    def _written(message: JudgeInput) -> JsonObject:
        """What the agent handed in. What its contract is, the agent's name says, not the document."""
        return message.investigated.plan or message.investigated.report or {}

    async def _say_refused(self, message: JudgeInput, report: GateReport) -> None:
        repairable = message.attempts_left > 0 and all(refusal.repairable for refusal in report.refusals)
        step: Literal["repair", "give_up"] = "repair" if repairable else "give_up"
        limit = message.request.limits.repair_attempts
        card = refusal_card(
            RefusedPlan(
                task_id=message.request.task_id,
                report=report,
                next=step,
                summary=_summary(self._written(message)),
                revision=message.revision,
                attempt=limit - message.attempts_left + (1 if repairable else 0),
                max_attempts=limit,
                simulated=self.bench.simulated,
            )
        )
        await self.bench.writer.post_once(
            self.bench.thread(message.request, message.thread_ts),
            card,
            key=f"refused:r{message.revision}",
            task_id=message.request.task_id,
            check_first=is_retry(),
        )


def _summary(written: JsonObject) -> str:
    """A plan's is text, a report's a statement."""
    summary: object = written.get("summary", "")
    return str(summary.get("text", "")) if is_object(summary) else str(summary)
