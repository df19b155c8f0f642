"""The end of a task: the card loses its buttons, the thread hears the outcome, the ledger keeps it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import structlog
from temporalio import activity

from bot.blocks.execution import Outcome, outcome_card
from bot.blocks.message import Message
from bot.blocks.plan_card import expired_card, stopped_card
from bot.blocks.task import unanswered_card
from bot.ledger.labels import Confirmed, Source, plan_confirmed
from bot.slack_web import NOT_INSTALLED
from bot.thread import SlackRefused
from bot.workflows import messages as m
from bot.workflows.activities.answers_proved import answers_proved
from bot.workflows.activities.deciding import offer_of
from bot.workflows.activities.elsewhere import close_unanswered
from bot.workflows.activities.observing import Touched
from bot.workflows.activities.progress import show_progress
from bot.workflows.activities.reminding import close_reminders
from bot.workflows.activities.retrying import is_retry, working
from bot.workflows.workbench import Workbench
from tools.contracts.decision import SAYS_WRONG


@dataclass(frozen=True)
class Concluding:
    bench: Workbench

    @activity.defn(name="conclude")
    async def conclude(self, message: m.ConcludeInput) -> bool:
        """Say how it ended, once, and write it down."""
        state, result = message.state, message.result
        request = state.request
        async with working(self.bench, request, state.thread_ts):
            cost_usd = await self.bench.ledger.cost(request.org, request.task_id)
            await self.bench.ledger.record(
                "task_ended",
                {**asdict(result), "cost_usd": cost_usd},
                org=request.org,
                task_id=request.task_id,
                actor="gavel",
                key="ended",
            )
            confirmed = [proved(state, result), *answers_proved(state, result)]
            said, learned = await asyncio.gather(
                self._told(state, result, cost_usd=cost_usd),
                self.bench.labels.confirm(*(each for each in confirmed if each is not None)),
                # The step is over when both are, and where it is tried again it repeats both.
                return_exceptions=True,
            )
            for failed in (said, learned):
                if failed is not None:
                    raise failed
        return True

    async def _told(self, state: m.TaskState, result: m.TaskResult, *, cost_usd: float | None) -> None:
        try:
            await self._say(state, result, cost_usd=cost_usd)
        except SlackRefused as refused:
            if refused.error != NOT_INSTALLED:
                raise
            log = structlog.get_logger("gavel.thread").bind(task=state.request.task_id)
            log.warning("The workspace removed the app: nobody could be told how the task ended. The ledger has it.")

    async def _say(self, state: m.TaskState, result: m.TaskResult, *, cost_usd: float | None) -> None:
        """In the thread, and on the cards that still ask for something."""
        request = state.request
        if state.thread_ts is None:
            await self._tell_directly(state, result, cost_usd=cost_usd)
            return
        await self._close_card(state, result)
        if state.proposal is not None and not _is_shown(state, state.proposal):
            await show_progress(self.bench, request, state.thread_ts, state.proposal, state.phases, going_on=False)
        await self.bench.writer.post_once(
            self.bench.thread(request, state.thread_ts),
            self._last_words(state, result, cost_usd=cost_usd),
            key="outcome",
            task_id=request.task_id,
            check_first=is_retry(),
        )

    async def _tell_directly(self, state: m.TaskState, result: m.TaskResult, *, cost_usd: float | None) -> None:
        """A slash command where no thread could be opened: the person still waits for one."""
        bench, request = self.bench, state.request
        try:
            channel = await bench.writer.direct_channel(request.user)
            await bench.writer.post_once(
                replace(bench.thread(request, None), channel=channel),
                self._last_words(state, result, cost_usd=cost_usd),
                key="outcome",
                task_id=request.task_id,
                check_first=is_retry(),
            )
        except SlackRefused as refused:
            log = structlog.get_logger("gavel.thread").bind(task=request.task_id, user=request.user)
            log.warning("Nobody could be told how the task ended. The ledger has it.", error=refused.error)

    async def _close_card(self, state: m.TaskState, result: m.TaskResult) -> None:
        """A card on which nothing was decided must not keep its buttons, and no more must a question."""
        await self._close_question(state)
        if state.spec is not None:
            await close_unanswered(self.bench, state.request, state.elsewhere, here=state.spec.environment)
        proposal = state.proposal
        if proposal is None or not proposal.card_ts or not proposal.open:
            return
        offer = await offer_of(self.bench, state.request, proposal)
        card = expired_card(offer) if result.outcome == "expired" else stopped_card(offer, why=result.detail)
        await self.bench.writer.update(state.request.channel, proposal.card_ts, card)
        await close_reminders(self.bench, state.request, proposal)

    async def _close_question(self, state: m.TaskState) -> None:
        for exchange in state.exchanges[-1:]:
            if exchange.answer is None and exchange.asked_at:
                card = unanswered_card(exchange.question, task_id=state.request.task_id, simulated=self.bench.simulated)
                # Somebody may have deleted it: the task has ended all the same.
                with suppress(SlackRefused):
                    await self.bench.writer.update(state.request.channel, exchange.asked_at, card)

    def _last_words(self, state: m.TaskState, result: m.TaskResult, *, cost_usd: float | None) -> Message:
        started = datetime.fromisoformat(state.request.received_at)
        changed = sum(
            len(Touched.by(phase.actions).assets)
            for record, phase in zip(
                state.phases, state.proposal.plan.phases if state.proposal and state.phases else [], strict=True
            )
            if record.state == "done"
        )
        return outcome_card(
            Outcome(
                task_id=result.task_id,
                kind=result.outcome,
                summary=result.detail,
                actor=result.ended_by,
                changed=changed,
                approvers=result.approvers,
                cost_usd=cost_usd,
                seconds=(self.bench.now() - started).total_seconds(),
                plan_digest=result.plan_digest,
                council=state.proposal.council if state.proposal is not None and state.spec is not None else None,
                revision=result.revision,
                agent=state.spec.agents[0] if state.spec is not None else "",
                simulated=self.bench.simulated,
            )
        )


def proved(state: m.TaskState, result: m.TaskResult) -> Confirmed | None:
    """What the end says of the plan: run and verified, it was right; rolled back, or rejected as wrong, it was not.

    None: it says nothing of it. A rejection may have another reason, and what expired was never judged.
    """
    ended: dict[m.Outcome, tuple[bool, Source]] = {"completed": (True, "run"), "rolled_back": (False, "run")}
    if result.outcome == "rejected" and result.reason_kind in SAYS_WRONG:
        ended["rejected"] = (False, "rejection")
    if state.proposal is None or state.spec is None or result.outcome not in ended:
        return None
    if result.outcome == "completed" and result.phases_run == 0:
        return None
    right, source = ended[result.outcome]
    return plan_confirmed(
        state.proposal.council,
        org=state.request.org,
        task_id=state.request.task_id,
        agent=state.spec.agents[0],
        revision=state.proposal.revision,
        right=right,
        source=source,
    )


def _is_shown(state: m.TaskState, proposal: m.Proposal) -> bool:
    """Whether the run's message says how the run ended. A phase that ran has said so of itself; a pause cannot."""
    return not state.phases or (state.outcome == "completed" and proposal.plan.phases[-1].type != "wait")
