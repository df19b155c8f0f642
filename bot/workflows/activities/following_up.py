"""A reply while a plan waits, read and acted upon: a change of the task, an answer, or a word to its writer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from temporalio import activity

from agents.follow_up import FollowUps, Reply, decides
from agents.orchestrator.budget import BudgetExceeded
from agents.orchestrator.chat import ModelError
from agents.refining import changes, refined
from bot.blocks.follow_up import elsewhere_card, explanation_card, refined_note
from bot.blocks.message import sentence
from bot.blocks.plan_card import superseded_card
from bot.blocks.text import inline
from bot.workflows.activities.deciding import offer_of
from bot.workflows.activities.reminding import close_reminders
from bot.workflows.activities.retrying import is_retry, of_this_attempt, working
from bot.workflows.activities.task_evidence import evidence_of, offered
from bot.workflows.activities.whispering import whisper
from bot.workflows.follow_ups import FOLLOW_UP_SENTENCES, Turned
from bot.workflows.messages import Elsewhere, FollowedUp, FollowUpInput, SupersedeInput
from bot.workflows.workbench import Workbench
from tools.contracts.common import Environment, JsonObject
from tools.contracts.follow_up import FollowUp

SHAPING_ROLES = frozenset({"operator", "approver", "admin"})
"""Who may change what a plan does besides the one who asked. Whoever does cannot approve it."""


@dataclass(frozen=True)
class FollowingUp:
    bench: Workbench

    @activity.defn(name="follow_up")
    async def follow_up(self, message: FollowUpInput) -> FollowedUp:
        """What the reply comes to. Runs nothing; only the workflow makes another revision of it."""
        async with working(self.bench, message.request, message.thread_ts):
            return await self._follow_up(message)

    @activity.defn(name="supersede")
    async def supersede(self, message: SupersedeInput) -> bool:
        """The old card loses its buttons and says why; the thread hears what changed. On record first."""
        request, proposal = message.request, message.proposal
        async with working(self.bench, request, message.thread_ts):
            await self.bench.ledger.record(
                "plan_superseded",
                {
                    "revision": proposal.revision,
                    "by_revision": message.by_revision,
                    "plan_digest": proposal.plan.digest,
                    "changes": message.changes,
                    "voided": proposal.approvals,
                },
                org=request.org,
                task_id=request.task_id,
                actor=message.user,
                key=f"superseded:r{proposal.revision}",
            )
            card = superseded_card(
                await offer_of(self.bench, request, proposal),
                by_revision=message.by_revision,
                why="; ".join(message.changes),
            )
            await self.bench.writer.update(request.channel, proposal.card_ts, card)
            await close_reminders(self.bench, request, proposal)
            note = refined_note(
                user=message.user,
                changes=message.changes,
                revision=proposal.revision,
                by_revision=message.by_revision,
                voided=proposal.approvals,
                task_id=request.task_id,
            )
            await self.bench.writer.post_once(
                self.bench.thread(request, message.thread_ts),
                note,
                key=f"refined:r{message.by_revision}",
                task_id=request.task_id,
                check_first=is_retry(),
            )
        return True

    async def _readers(self, message: FollowUpInput) -> FollowUps:
        """Fast models first, as the task's route has them."""
        request = message.request
        received_at = datetime.fromisoformat(request.received_at)
        route = await self.bench.router.route(
            "parse", org=request.org, task_id=request.task_id, received_at=received_at
        )
        return replace(self.bench.follow_ups, members=route.members)

    async def _follow_up(self, message: FollowUpInput) -> FollowedUp:
        if message.answer.files:
            if not message.answer.text.strip():
                return await self._turn_away(message, "files_not_read", read=False)
            await self._say(message, "files_not_read")
        if decides(message.answer.text):
            return await self._heard(message, FollowedUp(kind="decides"), read=False)
        reply = Reply(
            spec=message.spec,
            words=message.answer.text,
            user=message.answer.user,
            revision=message.proposal.revision,
            unique=message.answer.unique,
            attempt=activity.info().attempt,
        )
        try:
            read = await (await self._readers(message)).read(reply, plan=offered(message.proposal))
            if read.kind == "explain":
                return await self._explain(message, reply)
        except BudgetExceeded as error:
            await self._record("not_paid", message, {})
            said = sentence(inline(str(error), 1000))
            await whisper(self.bench, message.request, message.thread_ts, user=message.answer.user, said=said)
            return FollowedUp(kind="turned_away")
        except ModelError:
            # Not tried again and again: decisions wait behind it.
            return await self._turn_away(message, "not_read")
        match read.kind:
            case "decide":
                return await self._heard(message, FollowedUp(kind="decides"))
            case "refine":
                return await self._refine(message, read)
            case _:
                return await self._turn_away(message, "unrelated")

    async def _refine(self, message: FollowUpInput, read: FollowUp) -> FollowedUp:
        if not await self._may_shape(message):
            return await self._turn_away(message, "not_for_you")
        if read.environment is not None and read.environment != message.spec.environment:
            return await self._ask_back(message, read.environment)
        if message.fixed:
            return await self._turn_away(message, message.fixed)
        spec = refined(
            message.spec,
            read,
            words=message.answer.text,
            known_assets=message.proposal.plan.asset_ids,
            threshold=self.bench.follow_ups.confidence_threshold,
        )
        if isinstance(spec, str):
            return await self._turn_away(message, spec)
        heard = FollowedUp(kind="refined", spec=spec, changes=changes(message.spec, spec))
        return await self._heard(message, heard)

    async def _ask_back(self, message: FollowUpInput, environment: Environment) -> FollowedUp:
        """Whether the other environment is to be a task of its own."""
        request, answer = message.request, message.answer
        question_id = f"e{answer.unique}"
        card = elsewhere_card(
            environment=environment,
            here=message.spec.environment,
            user=answer.user,
            question_id=question_id,
            task_id=request.task_id,
            simulated=self.bench.simulated,
        )
        asked_at = await self.bench.writer.post_once(
            self.bench.thread(request, message.thread_ts),
            card,
            key=f"elsewhere:{answer.unique}",
            task_id=request.task_id,
            check_first=is_retry(),
        )
        asked = Elsewhere(question_id=question_id, environment=environment, reply=answer, asked_at=asked_at)
        return await self._heard(message, FollowedUp(kind="elsewhere", elsewhere=asked))

    async def _may_shape(self, message: FollowUpInput) -> bool:
        if message.answer.user == message.request.user:
            return True
        return bool(SHAPING_ROLES & set(await self.bench.roles.roles_of(message.answer.user)))

    async def _explain(self, message: FollowUpInput, reply: Reply) -> FollowedUp:
        request, answer = message.request, message.answer
        book = await evidence_of(self.bench.ledger, request, message.spec, message.proposal)
        explanation, member = await (await self._readers(message)).explain(reply, book)
        body: JsonObject = {"explanation": explanation.model_dump(mode="json")}
        await self._record("explained", message, body | self._prompts("follow_up", "explain"))
        card = explanation_card(
            explanation,
            question=answer.text,
            user=answer.user,
            tools={result.call.id: result.call.tool for result in book.results},
            member=member.name,
            task_id=request.task_id,
            revision=message.proposal.revision,
            simulated=self.bench.simulated,
        )
        await self.bench.writer.post_once(
            self.bench.thread(request, message.thread_ts),
            card,
            key=f"explained:{answer.unique}",
            task_id=request.task_id,
            check_first=is_retry(),
        )
        return FollowedUp(kind="explained")

    async def _turn_away(self, message: FollowUpInput, why: Turned, *, read: bool = True) -> FollowedUp:
        await self._record(why, message, self._prompts("follow_up") if read else {})
        await self._say(message, why)
        return FollowedUp(kind="turned_away")

    async def _say(self, message: FollowUpInput, what: Turned) -> None:
        said = sentence(FOLLOW_UP_SENTENCES[what])
        await whisper(self.bench, message.request, message.thread_ts, user=message.answer.user, said=said)

    async def _heard(self, message: FollowUpInput, heard: FollowedUp, *, read: bool = True) -> FollowedUp:
        """`read`: by a model. Where code alone knew what it meant, the entry rests on no prompt."""
        task = heard.spec.model_dump(mode="json") if heard.spec is not None else None
        prompts = self._prompts("follow_up") if read else {}
        await self._record(heard.kind, message, {"changes": heard.changes, "task_spec": task, **prompts})
        return heard

    def _prompts(self, *ids: str) -> JsonObject:
        return {"prompts": self.bench.follow_ups.prompts.stamps(*ids)}

    async def _record(self, outcome: str, message: FollowUpInput, more: JsonObject) -> None:
        request, answer = message.request, message.answer
        await self.bench.ledger.record(
            "plan_explained" if outcome == "explained" else "follow_up_heard",
            {"outcome": outcome, "text": answer.text, "revision": message.proposal.revision, **more},
            org=request.org,
            task_id=request.task_id,
            actor=answer.user,
            key=of_this_attempt(f"follow-up:{answer.unique}"),
        )
