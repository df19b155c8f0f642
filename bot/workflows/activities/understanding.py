"""Layer 1 as an activity: open the thread, read the request, ask or acknowledge."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import TypeAdapter
from temporalio import activity

from agents.intake import Exchange, Request
from agents.orchestrator.chat import ModelError
from agents.orchestrator.routing import Job, Route
from bot.blocks import sentences, task
from bot.blocks.intents import confirmed_card, intents_card, intents_question
from bot.blocks.message import compose, section
from bot.blocks.text import inline
from bot.blocks.words import person
from bot.ledger.soon import Soon
from bot.thread import ROOT, SlackRefused
from bot.workflows.activities.attaching import GivenFiles, receive
from bot.workflows.activities.retrying import is_retry, of_this_attempt, working
from bot.workflows.activities.whispering import whisper
from bot.workflows.messages import ConfirmedParts, TaskRequest, UnderstandInput, Understood, WarnInput
from bot.workflows.workbench import Workbench
from tools.contracts.common import AgentName, JsonObject
from tools.contracts.ledger import LedgerKind, Recorder
from tools.contracts.taskspec import Intent, Question, TaskSpec

_BODY = TypeAdapter(JsonObject)

NO_ROOM = frozenset({"not_in_channel", "channel_not_found", "is_archived", "restricted_action"})
"""A slash command can be typed where the bot may not write."""

NOT_INVITED = (
    "I cannot write in the channel where you asked, so nothing was started. "
    "Invite me there with `/invite`, or ask me here, in a direct message."
)


def too_long(limit: int) -> str:
    return (
        f"That is longer than the {limit:,} characters I read at once, so nothing was started. "
        "Say in a few sentences what is wrong and where."
    )


def open_alert(question: Question) -> str:
    """Nobody asked, so nobody can say what was meant; and whoever did would then be the one to approve it."""
    return (
        f"The alert leaves this open: {question.text} Nothing was started. "
        "To have it looked into, mention me outside this thread and say what to do and where."
    )


def _from_a_shortcut(message: UnderstandInput) -> bool:
    """It is asked about somebody's message, in its thread, and nobody there has seen who asked for what."""
    request = message.request
    return bool(request.quoted) and not (message.exchanges or request.part_of or request.handed_over_from)


@dataclass(frozen=True)
class Understanding:
    bench: Workbench

    @activity.defn(name="understand")
    async def understand(self, message: UnderstandInput) -> Understood:
        """A TaskSpec, one question, or a kind no. All three are in the thread and in the ledger when this returns."""
        request = message.request
        async with working(self.bench, request, message.thread_ts):
            recorder = Soon(self.bench.ledger)
            heard: JsonObject = {
                "source": request.source,
                "text": request.text,
                "channel": request.channel,
                "thread_ts": request.thread_ts,
                **({"quoted": request.quoted} if request.quoted else {}),
            }
            if request.files:
                heard["files"] = request.files
            await self._record("task_received", heard, request, "received", recorder=recorder)
            for exchange in message.exchanges:
                body: JsonObject = {"question_id": exchange.question_id, "answer": exchange.answer}
                key = f"answered:{exchange.question_id}"
                await self._record("question_answered", body, request, key, recorder=recorder)
            await self._close_question(message)
            try:
                thread_ts = message.thread_ts
                if thread_ts is None or _from_a_shortcut(message):
                    thread_ts = await self._open_thread(request)
            except SlackRefused as refused:
                if refused.error not in NO_ROOM:
                    raise
                return await self._decline(NOT_INVITED, request, None)
            if len(request.text) > request.limits.text_chars:
                return await self._decline(too_long(request.limits.text_chars), request, thread_ts)
            files = await receive(self.bench, request, thread_ts, message.exchanges)
            if files.useless is not None and not request.text.strip() and not message.exchanges:
                return await self._decline(files.useless, request, thread_ts)
            return await self._read(message, request, thread_ts, files)

    @activity.defn(name="warn_of_secret")
    async def warn_of_secret(self, message: WarnInput) -> bool:
        """A step of its own, so that a model that is away does not have it said again and again."""
        request = message.request
        async with working(self.bench, request, message.thread_ts):
            if request.source != "alert":
                said = sentences.secret_redacted(message.kinds, visible=request.source != "command")
                await whisper(self.bench, request, message.thread_ts, user=request.user, said=said)
                return True
            # Nobody wrote it, so everybody is told.
            await self.bench.writer.post_once(
                self.bench.thread(request, message.thread_ts),
                sentences.secret_in_alert(message.kinds),
                key="secret",
                task_id=request.task_id,
                check_first=is_retry(),
            )
        return True

    @activity.defn(name="confirm_parts")
    async def confirm_parts(self, message: ConfirmedParts) -> bool:
        """Write down which parts the person wants, in which order, and take the buttons off the list."""
        request = message.request
        async with working(self.bench, request, message.thread_ts):
            body: JsonObject = {
                "chosen": message.chosen,
                "intents": [intent.model_dump(mode="json") for intent in message.intents],
            }
            await self.bench.ledger.record(
                "parts_confirmed",
                body,
                org=request.org,
                task_id=request.task_id,
                actor=message.user,
                key=f"parts:{message.asked_at}",
            )
            card = confirmed_card(
                message.intents,
                chosen=message.chosen,
                user=message.user,
                task_id=request.task_id,
                simulated=self.bench.simulated,
            )
            await self.bench.writer.update(request.channel, message.asked_at, card)
        return True

    async def _close_question(self, message: UnderstandInput) -> None:
        """The question that was just answered loses its buttons, and says who answered what."""
        for exchange in message.exchanges[-1:]:
            card = task.answered_card(
                exchange.question,
                answer=exchange.answer or "",
                by=person(message.request.user),
                task_id=message.request.task_id,
                simulated=self.bench.simulated,
            )
            # Somebody may have deleted it: the task goes on with the answer all the same.
            with suppress(SlackRefused):
                await self.bench.writer.update(message.request.channel, exchange.asked_at, card)

    async def _read(
        self, message: UnderstandInput, request: TaskRequest, thread_ts: str, files: GivenFiles
    ) -> Understood:
        answered = [
            Exchange(question=exchange.question.text, answer=exchange.answer)
            for exchange in message.exchanges
            if exchange.answer is not None
        ]
        mode = await self.bench.channel_modes.of(request.org, request.channel)
        route = await self._route("parse", request)
        members = [member for member in route.members if member in files.eyes] if files.given.images else route.members
        understanding = await replace(self.bench.meta_prompt, members=members or files.eyes).understand(
            Request(
                task_id=request.task_id,
                org=request.org,
                user=request.user,
                text=request.text,
                source="alert" if request.source == "alert" else "person",
                alert_fields={"message": request.text} if request.source == "alert" else {},
                exchanges=answered,
                whole=request.whole,
                quoted=request.quoted,
                previous=await self._previous(request),
                received_at=request.received_at,
                channel=request.channel,
                channel_mode=mode.setting if mode is not None else None,
                attempt=activity.info().attempt,
            ),
            attachments=files.given,
        )
        if understanding.kind == "error":
            raise ModelError("unavailable", understanding.text)
        # What no model was asked about rests on no prompt.
        read: JsonObject = (
            {"prompts": self.bench.meta_prompt.prompts.stamps("meta_prompt")} if understanding.member else {}
        )
        if understanding.kind == "question" and understanding.question is not None:
            if request.source == "alert":
                return await self._decline(open_alert(understanding.question), request, thread_ts, read)
            return await self._ask(understanding.question, request, thread_ts, len(message.exchanges), read)
        if understanding.kind == "several":
            return await self._put_to_confirm(
                understanding.intents, request, thread_ts, f"q{len(message.exchanges) + 1}", read
            )
        if understanding.kind == "task" and understanding.spec is not None:
            return await self._acknowledge(understanding.spec, request, thread_ts, read)
        return await self._decline(understanding.text, request, thread_ts, read)

    async def _route(self, job: Job, request: TaskRequest, *, agent: AgentName | None = None) -> Route:
        return await self.bench.router.route(
            job,
            org=request.org,
            task_id=request.task_id,
            received_at=datetime.fromisoformat(request.received_at),
            agent=agent,
        )

    async def _previous(self, request: TaskRequest) -> TaskSpec | None:
        """What the last task of this thread was about, as this ledger has it."""
        if not request.follows:
            return None
        entries = await self.bench.ledger.show(request.org, task_id=request.follows, limit=1000)
        found: TaskSpec | None = None
        for entry in entries:
            body = _BODY.validate_json(entry.body)
            body.pop("prompts", None)
            spec = body.get("task_spec") if entry.kind == "follow_up_heard" else body
            if entry.kind in ("task_spec", "follow_up_heard") and isinstance(spec, dict) and "task_type" in spec:
                found = TaskSpec.model_validate(spec)
        return found

    async def _decline(
        self, why: str, request: TaskRequest, thread_ts: str | None, read: JsonObject | None = None
    ) -> Understood:
        """`read`: with which prompt a model read the request. None: none did."""
        await self._record("task_spec", {"declined": why, **(read or {})}, request, of_this_attempt("declined"))
        return Understood(thread_ts=thread_ts, declined=why)

    async def _ask(
        self, question: Question, request: TaskRequest, thread_ts: str, number: int, read: JsonObject
    ) -> Understood:
        question_id = f"q{number + 1}"
        asked = {**question.model_dump(mode="json"), **read}
        await self._record("question_asked", asked, request, of_this_attempt(f"question:{question_id}"))
        card = task.question_card(
            question, task_id=request.task_id, question_id=question_id, simulated=self.bench.simulated
        )
        asked_at = await self.bench.writer.post_once(
            self.bench.thread(request, thread_ts),
            card,
            key=f"question:{question_id}",
            task_id=request.task_id,
            check_first=is_retry(),
        )
        return Understood(thread_ts=thread_ts, question=question, question_id=question_id, asked_at=asked_at)

    async def _put_to_confirm(
        self, intents: list[Intent], request: TaskRequest, thread_ts: str, question_id: str, read: JsonObject
    ) -> Understood:
        listed: JsonObject = {"intents": [intent.model_dump(mode="json") for intent in intents], **read}
        await self._record("question_asked", listed, request, of_this_attempt(f"question:{question_id}"))
        asked_at = await self.bench.writer.post_once(
            self.bench.thread(request, thread_ts),
            intents_card(intents, task_id=request.task_id, question_id=question_id, simulated=self.bench.simulated),
            key=f"question:{question_id}",
            task_id=request.task_id,
            check_first=is_retry(),
        )
        return Understood(
            thread_ts=thread_ts,
            question=intents_question(intents),
            intents=intents,
            question_id=question_id,
            asked_at=asked_at,
        )

    async def _acknowledge(self, spec: TaskSpec, request: TaskRequest, thread_ts: str, read: JsonObject) -> Understood:
        await self._record("task_spec", {**spec.model_dump(mode="json"), **read}, request, of_this_attempt("spec"))
        route = await self._route("reason", request, agent=spec.agents[0])
        names = [member.name for member in route.members]
        card = task.acknowledgement(spec, members=names, simulated=self.bench.simulated)
        await self.bench.writer.post_once(
            self.bench.thread(request, thread_ts),
            card,
            key="acknowledgement",
            task_id=request.task_id,
            check_first=is_retry(),
        )
        return Understood(thread_ts=thread_ts, spec=spec)

    async def _open_thread(self, request: TaskRequest) -> str:
        """A slash command has no message of its own: say in the channel, or in the thread of the message that a
        shortcut was picked of, who asked for what."""
        await self.bench.ledger.settled(request.org, request.task_id)
        said = f"{person(request.user)} asked: {inline(request.text, 400)}"
        opened = await self.bench.writer.post_once(
            self.bench.thread(request, request.thread_ts),
            compose(said, [section(said)]),
            key=ROOT,
            task_id=request.task_id,
            check_first=is_retry(),
        )
        if request.thread_ts is not None:
            return request.thread_ts
        body: JsonObject = {"thread_ts": opened}
        await self._record("thread_opened", body, request, "thread", recorder=Soon(self.bench.ledger))
        return opened

    async def _record(
        self, kind: LedgerKind, body: JsonObject, request: TaskRequest, key: str, *, recorder: Recorder | None = None
    ) -> None:
        await (recorder or self.bench.ledger).record(
            kind, body, org=request.org, task_id=request.task_id, actor=request.user, key=key
        )
