"""An agent's report, for people; and its one hand-over to another agent."""

from __future__ import annotations

from dataclasses import dataclass, replace

from temporalio import activity

from agents.orchestrator.chat import JUDGING
from bot.blocks.report import ReportCard, handover_card, report_card
from bot.blocks.triage import Triage
from bot.workflows.activities.retrying import is_retry, working
from bot.workflows.activities.triage_of import triage_of
from bot.workflows.messages import HandOverInput, ReportInput, TaskRequest
from bot.workflows.workbench import Workbench
from tools.contracts.signing import sign


@dataclass(frozen=True)
class Reporting:
    bench: Workbench
    decision_key: bytes
    """Vouches for the follow-up task: it was asked for by a report that passed the gates."""

    @activity.defn(name="report")
    async def report(self, message: ReportInput) -> bool:
        """Put a report that passed the gates into the thread."""
        request = message.request
        async with working(self.bench, request, message.thread_ts):
            cost_usd, answers_usd = await self.bench.ledger.costs(request.org, request.task_id, purposes=JUDGING)
            card = report_card(
                ReportCard(
                    report=message.found,
                    agent=message.spec.agents[0],
                    gates=message.gates,
                    council=message.council,
                    triage=await self._triage(message) if request.source == "alert" else None,
                    cost_usd=cost_usd,
                    answers_usd=answers_usd,
                    simulated=self.bench.simulated,
                    include_dissent=self.bench.include_dissent,
                )
            )
            await self.bench.writer.post_once(
                self.bench.thread(request, message.thread_ts),
                card,
                key=f"report:r{message.found.revision}",
                task_id=request.task_id,
                check_first=is_retry(),
            )
        return True

    async def _triage(self, message: ReportInput) -> Triage:
        bench = self.bench
        return await triage_of(
            message.request, message.found, ledger=bench.ledger, estate=bench.estate, page=bench.page
        )

    @activity.defn(name="hand_over")
    async def hand_over(self, message: HandOverInput) -> TaskRequest:
        """The follow-up task's request, vouched for. On record, and in the thread, before it starts.

        It is words again, like any request: the other agent's task goes through layer 1, its own council, its own
        gates and its own approval. Nothing of this task is approved with it.
        """
        request, handover = message.request, message.found.handover
        if handover is None:
            raise ValueError("A report without a hand-over cannot be handed over.")
        async with working(self.bench, request, message.thread_ts):
            follow_up = replace(
                request,
                task_id=f"{request.task_id}-h",
                thread_ts=message.thread_ts,
                text=handover_text(message),
                redacted=[],
                received_at=self.bench.now().isoformat(),
                handed_over_from=request.task_id,
                mac="",
            )
            await self.bench.ledger.record(
                "handed_over",
                {"to": follow_up.task_id, "report_digest": message.found.digest, **handover.model_dump(mode="json")},
                org=request.org,
                task_id=request.task_id,
                actor="gavel",
                key="handed-over",
            )
            await self.bench.writer.post_once(
                self.bench.thread(request, message.thread_ts),
                handover_card(handover, task_id=request.task_id, to=follow_up.task_id, simulated=self.bench.simulated),
                key="handed-over",
                task_id=request.task_id,
                check_first=is_retry(),
            )
            return sign(follow_up, self.decision_key)


def handover_text(message: HandOverInput) -> str:
    """What a person would have written: the kind of work, the environment, the goal, the assets."""
    handover = message.found.handover
    if handover is None:
        return ""
    kind = handover.task_type.replace("_", " ")
    assets = f" Assets: {', '.join(handover.asset_ids)}." if handover.asset_ids else ""
    return f"{kind.capitalize()} in {message.found.environment}: {handover.goal}{assets}"[:4000]
