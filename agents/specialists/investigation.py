"""The tool loop: the lead model chooses calls, the dispatcher answers, until it stops or a bound stops it."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeGuard

from agents.attachments import NOTHING, Attachments
from agents.orchestrator.chat import (
    ChatMessage,
    ChatReply,
    ChatRequest,
    Member,
    ModelClient,
    ModelError,
    ToolSpec,
    ToolUse,
)
from agents.orchestrator.falling_back import takes_over
from agents.specialists.base import Assignment, InvestigationUnavailable
from agents.specialists.evidence import EvidenceBook, shown, summary
from prompts.fence import fence
from prompts.library import Prompt, Rendered
from tools.base import ToolCall, ToolResult
from tools.contracts.common import AgentName, JsonObject
from tools.contracts.progress import NoteProgress, ToolProgress

CALLS_AT_ONCE = 4
"""Of one turn of the model: more would be a burst on whatever is behind the tools."""

_UNSAFE_IN_ID = re.compile(r"[^A-Za-z0-9_.:@/+-]")


@dataclass(frozen=True)
class Limits:
    """What bounds one investigation. Whichever comes first ends it; the evidence so far is then judged."""

    tool_calls: int = 24
    tokens: int = 400_000
    """Prompt and completion tokens of all its model calls together."""
    seconds: float = 180
    reply_seconds: float = 60
    """For one model call."""
    reply_tokens: int = 4096


@dataclass
class ToolDesk:
    """Numbers an agent's tool calls, shows them, and keeps their results."""

    assignment: Assignment
    agent: AgentName
    tools: frozenset[str]
    book: EvidenceBook = field(default_factory=EvidenceBook)
    answered: list[ToolResult] = field(default_factory=list[ToolResult], init=False)
    """What succeeded of the calls that were made here, and not of those that a round before an interruption made."""

    async def call(self, tool: str, params: JsonObject) -> ToolResult:
        """Dispatch one call. Raises :class:`InvestigationUnavailable` when an engine behind the tools is away."""
        [result] = await self.call_each([(tool, params)])
        return result

    async def call_each(self, calls: Sequence[tuple[str, JsonObject]]) -> list[ToolResult]:
        """:meth:`call`, of several at a time: none changes anything. They are numbered, and kept, in their order.

        Where one cannot be called for what is away, those before it are kept all the same.
        """
        first, turns = len(self.book.results) + 1, asyncio.Semaphore(CALLS_AT_ONCE)
        results = await asyncio.gather(
            *(self._dispatch(number, tool, params, turns) for number, (tool, params) in enumerate(calls, first))
        )
        for result in results:
            if result.failure is not None and result.failure.kind == "unavailable":
                raise InvestigationUnavailable(f"{result.call.tool[:64]} could not be called: {result.failure.message}")
            self.book.add(result)
            if result.ok:
                self.answered.append(result)
        return results

    async def _dispatch(self, number: int, tool: str, params: JsonObject, turns: asyncio.Semaphore) -> ToolResult:
        work = self.assignment
        call = ToolCall(
            # Also cited in prompts, inside fence marks: only characters that survive there.
            id=_UNSAFE_IN_ID.sub("_", f"{work.spec.id}-{work.round}-t{number}"),
            tool=tool,
            params=params,
            caller=work.caller,
            task_id=work.spec.id,
            allowed_tools=self.tools,
            environment=work.spec.environment,
            actor=f"agent:{self.agent}",
        )
        async with turns:
            work.progress.emit(ToolProgress(call_id=call.id, tool=tool[:64], state="running"))
            result = await work.dispatcher.dispatch(call)
            said = summary(result) if result.failure is None else result.failure.message[:200]
            work.progress.emit(ToolProgress(call.id, tool[:64], "done" if result.ok else "failed", said))
        return result


@dataclass
class Investigation:
    """One run of the loop."""

    client: ModelClient
    members: Sequence[Member]
    """The first leads. If it fails, the next goes on from where it was."""
    desk: ToolDesk
    tools: tuple[ToolSpec, ...]
    limits: Limits
    stopped: str | None = None
    """Which bound ended it, in one sentence; None when the lead was done."""
    _last: str | None = field(default=None, init=False)
    """Key of the call that was answered last."""

    async def run(self, prompt: Prompt, rendered: Rendered, *, attachments: Attachments = NOTHING) -> EvidenceBook:
        """Raises :class:`ModelError` when no member could go on."""
        ends = time.monotonic() + self.limits.seconds
        shown = attachments.fenced()
        asked = f"{rendered.user}\n\n{shown}" if shown else rendered.user
        messages = [
            ChatMessage("system", rendered.system),
            ChatMessage("user", asked, images=attachments.images),
        ]
        request = self._request(prompt)
        left, tokens, step = self.limits.tool_calls, self.limits.tokens, 0
        while True:
            seconds = ends - time.monotonic()
            self.stopped = self._bound(left=left, tokens=tokens, seconds=seconds)
            if self.stopped is not None:
                self.desk.assignment.progress.emit(NoteProgress(self.stopped))
                return self.desk.book
            step += 1
            reply = await self._ask(
                replace(request, messages=tuple(messages), deadline_seconds=min(self.limits.reply_seconds, seconds)),
                step,
            )
            if not reply.tool_uses:
                return self.desk.book
            tokens -= _tokens(reply, messages)
            messages.append(ChatMessage("assistant", reply.text, tool_uses=reply.tool_uses))
            answers = await self._answers(reply.tool_uses, left=left)
            messages += [
                ChatMessage("tool", answer, tool_use_id=use.id)
                for use, answer in zip(reply.tool_uses, answers, strict=True)
            ]
            left -= len(reply.tool_uses)

    def _bound(self, *, left: int, tokens: int, seconds: float) -> str | None:
        if left <= 0:
            return f"The investigation ended at its {self.limits.tool_calls} tool calls."
        if tokens <= 0:
            return f"The investigation ended at its {self.limits.tokens} tokens."
        return f"The investigation ended at its {self.limits.seconds:.0f} seconds." if seconds <= 0 else None

    def _request(self, prompt: Prompt) -> ChatRequest:
        work = self.desk.assignment
        return ChatRequest(
            messages=(),
            purpose="investigate",
            org=work.caller.org,
            task_id=work.spec.id,
            user=work.spec.user,
            mode=work.mode,
            prompt_id=prompt.id,
            prompt_version=prompt.version,
            key=f"{self.desk.agent}:{work.round}:investigate",
            agent=self.desk.agent,
            tools=self.tools,
            max_tokens=self.limits.reply_tokens,
            temperature=0,
        )

    async def _ask(self, request: ChatRequest, step: int) -> ChatReply:
        errors: list[ModelError] = []
        parent = self._last
        for position, member in enumerate(self.members):
            asked = replace(request, key=f"{request.key}:{step}:{member.name}", parent=parent)
            try:
                reply = await self.client.chat(member, asked)
            except ModelError as error:
                errors.append(error)
                parent = asked.key
                for following in self.members[position + 1 : position + 2]:
                    self.desk.assignment.progress.emit(NoteProgress(takes_over(member, error, following)))
            else:
                self._last = asked.key
                return reply
        if len(errors) == 1:
            raise errors[0]
        reasons = " ".join(str(error) for error in errors) or "No model is configured."
        raise ModelError("unavailable", f"No model could investigate. {reasons}")

    async def _answers(self, uses: Sequence[ToolUse], *, left: int) -> list[str]:
        """What one turn's calls come to, in their order. `left`: how many may still be made."""
        given: list[JsonObject | str] = [
            _params(use) if number < left else fence("budget: no tool call is left.", "tool_error")
            for number, use in enumerate(uses)
        ]
        calls = [(use.name, params) for use, params in zip(uses, given, strict=True) if not isinstance(params, str)]
        results = iter(await self.desk.call_each(calls))
        return [each if isinstance(each, str) else shown(next(results)) for each in given]


def _params(use: ToolUse) -> JsonObject | str:
    """The parameters, or what is answered instead."""
    try:
        params: object = json.loads(use.arguments or "{}")
        # Half a surrogate pair is JSON and no text: nothing could digest it, keep it or send it on.
        json.dumps(params, ensure_ascii=False).encode()
    # Besides what is no JSON: numbers of thousands of digits, and more brackets than Python can follow.
    except (ValueError, RecursionError) as error:
        return fence(f"invalid_input: the arguments are not JSON ({error}). Nothing was called.", "tool_error")
    if not _is_object(params):
        return fence("invalid_input: the arguments must be a JSON object. Nothing was called.", "tool_error")
    return dict(params)


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _tokens(reply: ChatReply, messages: Sequence[ChatMessage]) -> int:
    """As the provider counted; four characters a token where it did not count."""
    if reply.prompt_tokens is not None and reply.completion_tokens is not None:
        return reply.prompt_tokens + reply.completion_tokens
    return sum(len(message.content) for message in messages) // 4 + len(reply.text) // 4
