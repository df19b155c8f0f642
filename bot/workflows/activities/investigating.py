"""Layer 2 as an activity: an agent works, and the thread watches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from pydantic import TypeAdapter
from temporalio import activity

from agents.orchestrator.chat import JUDGING
from agents.specialists.base import AgentOutcome, Assignment
from bot.blocks.task import Diagnosis, diagnosis_card
from bot.ledger.memory import TaskMemory
from bot.ledger.soon import Soon
from bot.workflows.activities.attaching import attachments_of
from bot.workflows.activities.pane import Pane, ToldInPane
from bot.workflows.activities.retrying import is_retry, working
from bot.workflows.messages import Investigated, InvestigateInput
from bot.workflows.sizes import MOST_PLANNED, megabytes
from bot.workflows.workbench import Workbench
from tools.contracts.council import CouncilOutcome
from tools.contracts.progress import NoteProgress

_INVESTIGATED = TypeAdapter(Investigated)
_COUNCIL = TypeAdapter(CouncilOutcome)


def carried(found: Investigated) -> Investigated:
    """What can be handed on of it: all, or why it cannot be. Judged and put to people is the whole plan or none."""
    size = len(_INVESTIGATED.dump_json(found))
    if size <= MOST_PLANNED:
        return found
    what = "report" if found.report is not None else "plan"
    votes = found.council
    if len(_COUNCIL.dump_json(votes)) > MOST_PLANNED // 2:
        # Who dissented and why stands in the thread and in the ledger.
        votes = votes.model_copy(update={"tallies": [], "dissent": votes.dissent[:10]})
    return Investigated(
        council=votes,
        diagnosis=found.diagnosis[:2000],
        plan=None,
        tool_call_ids=[],
        no_plan="inconclusive",
        reason=(
            f"The {what} came to {megabytes(size)} MB, and at most {megabytes(MOST_PLANNED)} MB can be judged, shown "
            "and approved as one. Nothing was done. Ask for a smaller part, e.g. one site, one region or one tag."
        ),
    )


@dataclass(frozen=True)
class Investigating:
    bench: Workbench

    @activity.defn(name="investigate")
    async def investigate(self, message: InvestigateInput) -> Investigated:
        """One round of the agent's work. Reads and plans only: nothing it calls can change the estate."""
        async with working(self.bench, message.request, message.thread_ts) as pane:
            outcome = await self._work(message, pane)
            if message.request.source == "alert" and outcome.report is None:
                await self._diagnose(message, outcome)
        found = Investigated(
            council=outcome.council,
            diagnosis=outcome.diagnosis,
            plan=outcome.plan_json,
            tool_call_ids=outcome.tool_call_ids,
            no_plan=outcome.finding if outcome.finding in ("inconclusive", "nothing_to_do") else None,
            reason=outcome.reason,
            report=outcome.report_json,
        )
        return carried(found)

    async def _work(self, message: InvestigateInput, pane: Pane) -> AgentOutcome:
        bench, spec = self.bench, message.spec
        doing = "Repairing the plan" if message.refusals else "Investigating again"
        title = "Investigating" if message.revision == 1 else f"{doing} (revision {message.revision})"
        # It reads and plans: no entry of it is a change's, and one commit holds many.
        recorder = Soon(bench.ledger)
        async with bench.narrator.live(
            bench.thread(message.request, message.thread_ts),
            task_id=spec.id,
            # One board a task: a later revision goes on in it. What each revision voted is in the ledger.
            key="progress",
            title=title,
            simulated=bench.simulated,
            check_first=is_retry() or message.revision > 1,
        ) as progress:
            org, received_at = message.request.org, datetime.fromisoformat(message.request.received_at)
            route = await bench.router.route(
                "reason", org=org, task_id=spec.id, received_at=received_at, agent=spec.agents[0]
            )
            fast = await bench.router.route("parse", org=org, task_id=spec.id, received_at=received_at)
            if route.members[0] != bench.members[0]:
                progress.emit(NoteProgress(f"{route.members[0].name} is asked first. {route.why}"))
            attachments, eyes = await attachments_of(bench, message.request)
            leads = [member for member in route.members if member in eyes] if attachments.images else route.members
            if blind := [member.name for member in route.members if member not in leads]:
                progress.emit(NoteProgress(f"There are images: {', '.join(blind)} cannot look at them."))
            return await bench.agents[spec.agents[0]].work(
                Assignment(
                    spec=spec,
                    caller=await bench.caller(message.request),
                    revision=message.revision,
                    mode=spec.mode,
                    orchestrator=replace(bench.orchestrator, asked=leads or eyes, judge=fast.members[0]),
                    dispatcher=bench.dispatcher(recorder),
                    progress=ToldInPane(progress, pane),
                    recorder=recorder,
                    refusals=tuple(message.refusals),
                    memory=TaskMemory(bench.ledger, message.request.org, spec.id),
                    escalation=bench.escalation if spec.mode_choice and spec.mode_choice.escalates else None,
                    attachments=attachments,
                    attempt=activity.info().attempt,
                )
            )

    async def _diagnose(self, message: InvestigateInput, outcome: AgentOutcome) -> None:
        """An alert's thread gets the cause before any plan."""
        found: dict[str, Literal["plan", "nothing", "inconclusive"]] = {
            "plan": "plan",
            "report": "nothing",
            "nothing_to_do": "nothing",
            "inconclusive": "inconclusive",
        }
        card = diagnosis_card(
            Diagnosis(
                task_id=message.spec.id,
                alert=message.request.text.partition("\n")[0],
                finding=outcome.diagnosis or outcome.reason,
                council=outcome.council,
                missing=outcome.missing,
                next=found[outcome.finding],
                answers_usd=await self.bench.ledger.cost(message.request.org, message.spec.id, purposes=JUDGING),
                simulated=self.bench.simulated,
                include_dissent=self.bench.include_dissent,
            )
        )
        await self.bench.writer.post_once(
            self.bench.thread(message.request, message.thread_ts),
            card,
            key=f"diagnosis:r{message.revision}",
            task_id=message.spec.id,
            check_first=is_retry(),
        )
