"""Layer 1 as an activity: open the thread, read the request, ask or acknowledge."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio import activity

from agents.intake import Exchange, Request
from agents.orchestrator.chat import ModelError
from bot.blocks import sentences, task
from bot.blocks.message import compose, section
from bot.blocks.text import inline
from bot.blocks.words import person
from bot.workflows.activities.retrying import is_retry, of_this_attempt, working
from bot.workflows.messages import TaskRequest, UnderstandInput, Understood
from bot.workflows.workbench import Workbench
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerKind
from tools.contracts.taskspec import Question, TaskSpec


@dataclass(frozen=True)
class Understanding:
    bench: Workbench

    @activity.defn(name="understand")
    async def understand(self, message: UnderstandInput) -> Understood:
        """A TaskSpec, one question, or a kind no. All three are in the thread and in the ledger when this returns."""
        request = message.request
        async with working(self.bench, request, message.thread_ts):
            await self._record("task_received", {"source": request.source, "text": request.text}, request, "received")
            for exchange in message.exchanges:
                body: JsonObject = {"question_id": exchange.question_id, "answer": exchange.answer}
                await self._record("question_answered", body, request, f"answered:{exchange.question_id}")
            thread_ts = message.thread_ts or await self._open_thread(request)
            if request.redacted and not message.exchanges:
                thread = self.bench.thread(request, thread_ts)
                await self.bench.writer.tell(thread, request.user, sentences.secret_redacted(request.redacted))
            return await self._read(message, request, thread_ts)

    async def _read(self, message: UnderstandInput, request: TaskRequest, thread_ts: str) -> Understood:
        answered = [
            Exchange(question=exchange.question.text, answer=exchange.answer)
            for exchange in message.exchanges
            if exchange.answer is not None
        ]
        understanding = await self.bench.meta_prompt.understand(
            Request(
                task_id=request.task_id,
                org=request.org,
                user=request.user,
                text=request.text,
                source="alert" if request.source == "alert" else "person",
                alert_fields={"message": request.text} if request.source == "alert" else {},
                exchanges=answered,
                attempt=activity.info().attempt,
            )
        )
        if understanding.kind == "error":
            raise ModelError("unavailable", understanding.text)
        if understanding.kind == "question" and understanding.question is not None:
            return await self._ask(understanding.question, request, thread_ts, number=len(message.exchanges))
        if understanding.kind == "task" and understanding.spec is not None:
            return await self._acknowledge(understanding.spec, request, thread_ts)
        await self._record("task_spec", {"declined": understanding.text}, request, of_this_attempt("declined"))
        return Understood(thread_ts=thread_ts, declined=understanding.text)

    async def _ask(self, question: Question, request: TaskRequest, thread_ts: str, *, number: int) -> Understood:
        question_id = f"q{number + 1}"
        await self._record(
            "question_asked", question.model_dump(mode="json"), request, of_this_attempt(f"question:{question_id}")
        )
        card = task.question_card(
            question, task_id=request.task_id, question_id=question_id, simulated=self.bench.simulated
        )
        await self.bench.writer.post_once(
            self.bench.thread(request, thread_ts),
            card,
            key=f"question:{question_id}",
            task_id=request.task_id,
            check_first=is_retry(),
        )
        return Understood(thread_ts=thread_ts, question=question, question_id=question_id)

    async def _acknowledge(self, spec: TaskSpec, request: TaskRequest, thread_ts: str) -> Understood:
        await self._record("task_spec", spec.model_dump(mode="json"), request, of_this_attempt("spec"))
        names = [member.name for member in self.bench.members]
        card = task.acknowledgement(
            spec, members=names if spec.mode != "single" else names[:1], simulated=self.bench.simulated
        )
        await self.bench.writer.post_once(
            self.bench.thread(request, thread_ts),
            card,
            key="acknowledgement",
            task_id=request.task_id,
            check_first=is_retry(),
        )
        return Understood(thread_ts=thread_ts, spec=spec)

    async def _open_thread(self, request: TaskRequest) -> str:
        """A slash command has no message of its own: say in the channel who asked for what."""
        said = f"{person(request.user)} asked: {inline(request.text, 400)}"
        return await self.bench.writer.post_once(
            self.bench.thread(request, None),
            compose(said, [section(said)]),
            key="root",
            task_id=request.task_id,
            check_first=is_retry(),
        )

    async def _record(self, kind: LedgerKind, body: JsonObject, request: TaskRequest, key: str) -> None:
        await self.bench.ledger.record(
            kind, body, org=request.org, task_id=request.task_id, actor=request.user, key=key
        )
