"""The plan card and what people decide on it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from temporalio import activity

from agents.orchestrator.chat import JUDGING
from bot.blocks.message import sentence
from bot.blocks.offer import Offer, Vote
from bot.blocks.pane import AWAITING
from bot.blocks.plan_card import decided_card, notice_card, plan_card
from bot.delegations.standing import standing_of
from bot.workflows.activities.elsewhere import close_unanswered
from bot.workflows.activities.reminding import close_reminders
from bot.workflows.activities.retrying import is_retry, working
from bot.workflows.activities.whispering import whisper
from bot.workflows.messages import (
    AcceptedDecision,
    Presented,
    PresentInput,
    Proposal,
    RefusedDecision,
    RolesInput,
    Standing,
    TaskRequest,
    TellInput,
)
from bot.workflows.workbench import Workbench
from tools.connectors.base import AssetQuery
from tools.contracts.decision import reason_words
from tools.contracts.ledger import LedgerKind


@dataclass(frozen=True)
class Deciding:
    bench: Workbench

    @activity.defn(name="present")
    async def present(self, message: PresentInput) -> Presented:
        """Put the plan to people. On record before it is on offer, or before anything runs alone."""
        request, proposal = message.request, message.proposal
        which = f"r{proposal.revision}:rest" if message.rest else f"r{proposal.revision}"
        async with working(self.bench, request, message.thread_ts) as pane:
            autonomy = proposal.report.autonomy
            recorded = self.bench.ledger.record(
                _offered_as(message),
                {
                    "revision": proposal.revision,
                    "plan_digest": proposal.plan.digest,
                    "policy_digest": proposal.report.policy_digest,
                    "target": proposal.plan.target,
                    "requirement": proposal.requirement.model_dump(mode="json"),
                    "autonomy": None if autonomy is None else autonomy.model_dump(mode="json"),
                    "gates_off": proposal.report.gates_off,
                    "expires_at": proposal.expires_at,
                },
                org=request.org,
                task_id=request.task_id,
                actor="gavel",
                key=f"approval:{which}",
            )

            async def shown() -> tuple[int, Offer]:
                size = await _environment_size(self.bench, request, proposal)
                with_size = replace(proposal, environment_size=size)
                return size, await offer_of(self.bench, request, with_size, rest=message.rest)

            # What the card shows is read meanwhile; it is on offer when both are done.
            (environment_size, offer), _ = await asyncio.gather(shown(), recorded)
            asked = _offered_as(message) == "approval_requested"
            ts = await self.bench.writer.post_once(
                self.bench.thread(request, message.thread_ts),
                plan_card(offer) if asked else notice_card(offer),
                key=f"card:{which}",
                task_id=request.task_id,
                check_first=is_retry(),
            )
            pane.after = AWAITING if asked else ""
            return Presented(ts, environment_size)

    @activity.defn(name="read_roles")
    async def read_roles(self, message: RolesInput) -> Standing:
        """The roles the person holds now, and those they have been lent."""
        async with working(self.bench, message.request, message.request.thread_ts):
            return await standing_of(
                message.user,
                org=message.request.org,
                roles=self.bench.roles,
                delegations=self.bench.delegations,
                now=self.bench.now(),
            )

    @activity.defn(name="tell")
    async def tell(self, message: TellInput) -> bool:
        """Say something to one person only. Whether they heard."""
        request = message.request
        async with working(self.bench, request, message.thread_ts):
            said = sentence(message.sentence)
            return await whisper(self.bench, request, message.thread_ts, user=message.user, said=said)

    @activity.defn(name="refuse_decision")
    async def refuse_decision(self, message: RefusedDecision) -> bool:
        """Write down that a decision did not count, and tell the one who made it, and only them. Whether they heard."""
        request = message.request
        async with working(self.bench, request, message.thread_ts):
            await self.bench.ledger.record(
                "decision_refused",
                {"problem": message.problem, "user": message.user},
                org=request.org,
                task_id=request.task_id,
                actor=message.user or "gavel",
                key=message.key,
            )
            if message.user:
                said = sentence(message.sentence)
                return await whisper(self.bench, request, message.thread_ts, user=message.user, said=said)
        return True

    @activity.defn(name="accept_decision")
    async def accept_decision(self, message: AcceptedDecision) -> bool:
        """Write down a decision that counts, and show it on the card. Decided: the buttons are gone."""
        request, proposal = message.request, message.proposal
        async with working(self.bench, request, message.thread_ts):
            recorded = self.bench.ledger.record(
                "decision_accepted",
                {
                    "revision": proposal.revision,
                    "verdict": message.verdict,
                    "reason_kind": message.reason_kind,
                    "reason": message.reason,
                    "plan_digest": proposal.plan.digest,
                    "policy_digest": proposal.report.policy_digest,
                    "target": proposal.plan.target,
                    "issued_at": message.issued_at,
                    "settled": message.settled,
                    "on_behalf_of": message.behalf,
                    "lent_until": message.lent_until,
                    "step_up": message.step_up,
                    "waited_seconds": _waited(proposal.card_ts, message.issued_at),
                },
                org=request.org,
                task_id=request.task_id,
                actor=message.user,
                key=f"decision:r{proposal.revision}:{message.user}",
            )
            offer, _ = await asyncio.gather(offer_of(self.bench, request, proposal), recorded)
            if message.verdict == "reject":
                moment = datetime.fromisoformat(message.issued_at)
                why = reason_words(message.reason_kind, message.reason)
                offer.votes.append(
                    Vote(
                        user=message.user,
                        verdict="reject",
                        at=moment,
                        reason=why,
                        behalf=message.behalf,
                        lent_until=_moment(message.lent_until),
                    )
                )
            card = decided_card(offer, message.verdict) if message.settled else plan_card(offer)
            await self.bench.writer.update(request.channel, proposal.card_ts, card, haste="at_once")
            if message.settled:
                await close_reminders(self.bench, request, proposal)
            await close_unanswered(self.bench, request, message.elsewhere, here=proposal.plan.environment)
        return True


def _waited(card_ts: str, issued_at: str) -> float | None:
    """Seconds from the card, whose ts is Slack's clock, to the click. None: it is no time."""
    try:
        return max(0.0, round(datetime.fromisoformat(issued_at).timestamp() - float(card_ts), 3))
    except ValueError:
        return None


def _offered_as(message: PresentInput) -> LedgerKind:
    """What is asked of people, if anything."""
    if message.proposal.report.shown_only:
        return "plan_shown"
    return "approval_waived" if message.proposal.unattended_phases and not message.rest else "approval_requested"


async def offer_of(bench: Workbench, request: TaskRequest, proposal: Proposal, *, rest: bool | None = None) -> Offer:
    """The proposal as its card shows it, with the approvals so far. `rest`: see `Offer`; None: as it is now."""
    cost_usd, answers_usd = await bench.ledger.costs(request.org, request.task_id, purposes=JUDGING)
    return Offer(
        plan=proposal.plan,
        report=proposal.report,
        council=proposal.council,
        requester=request.user,
        nonce=proposal.nonce,
        rest=proposal.open and proposal.unattended_phases > 0 if rest is None else rest,
        deadline=datetime.fromisoformat(proposal.expires_at),
        environment_size=proposal.environment_size,
        cost_usd=cost_usd,
        answers_usd=answers_usd,
        simulated=bench.simulated,
        include_dissent=bench.include_dissent,
        votes=[
            Vote(
                user=each.user,
                verdict="approve",
                at=datetime.fromisoformat(each.at),
                behalf=each.behalf,
                lent_until=_moment(each.lent_until),
            )
            for each in proposal.given
        ],
        shapers=proposal.shapers,
    )


def _moment(at: str) -> datetime | None:
    return datetime.fromisoformat(at) if at else None


async def _environment_size(bench: Workbench, request: TaskRequest, proposal: Proposal) -> int:
    query, total, cursor = AssetQuery(environment=proposal.plan.environment), 0, None
    while True:
        assets, cursor = await bench.estate.assets(request.org, query, limit=500, cursor=cursor)
        total += len(assets)
        if cursor is None:
            return total
