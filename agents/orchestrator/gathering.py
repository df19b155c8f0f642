"""Asking many members at once, and stopping as soon as the rest cannot matter."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal, TypeVar

from agents.orchestrator.chat import Member, ModelError
from agents.orchestrator.roll import Roll, Stage
from tools.contracts.progress import NoteProgress

T = TypeVar("T")

_GRACE_SECONDS = 1.0
"""Beyond a call's own deadline. The client's timeout comes first, so that the log says `timeout`."""


async def timed(call: Awaitable[T], member: Member, *, deadline_seconds: float) -> tuple[T | ModelError, int]:
    """A member's answer or why there is none, and how long it took in milliseconds."""
    started = time.monotonic()
    answer: T | ModelError
    try:
        async with asyncio.timeout(deadline_seconds + _GRACE_SECONDS):
            answer = await call
    except TimeoutError:
        answer = ModelError("timeout", f"{member.name} did not answer within {deadline_seconds:.0f} s.")
    except ModelError as error:
        answer = error
    return answer, round((time.monotonic() - started) * 1000)


async def gather_answers(
    members: Sequence[Member],
    ask: Callable[[Member], Awaitable[T]],
    *,
    roll: Roll,
    stage: Stage,
    deadline_seconds: float,
    decided: Callable[[dict[str, T], set[str]], bool],
    settled: Callable[[dict[str, T], set[str]], bool] | None = None,
    patience_seconds: float = 0,
    heard: Callable[[str, T], None] | None = None,
    known: Mapping[str, T] | None = None,
) -> dict[str, T]:
    """Ask all members in parallel; member → answer, for those that gave one.

    `decided` is asked after every answer and failure with the answers so far and the members still out; once it is
    true, those are cancelled. A :class:`ModelError` is a failed member; any other exception ends the whole.

    `settled`, asked alike once `decided` is true: whether nothing else hangs on the rest either. Until it is, they have
    as long again as it took to decide, and at least `patience_seconds`.

    `known`: what members answered before an interruption. They are not asked; if that settles it, nobody is.
    """
    answers: dict[str, T] = dict(known or {})
    if answers:
        said = "answered" if stage == "answer" else "voted"
        note = f"{', '.join(answers)} had {said} before the interruption and {'is' if len(answers) == 1 else 'are'}"
        roll.progress.emit(NoteProgress(f"{note} not asked again."))
    for name, answer in answers.items():
        roll.mark(name, "answered", stage=stage)
        if heard is not None:
            heard(name, answer)
    members = [member for member in members if member.name not in answers]

    def still(out: set[str]) -> Literal["open", "settling", "over"]:
        """What the rest can still change: the outcome, what hangs on it besides, or nothing."""
        if not decided(answers, out):
            return "open"
        return "over" if settled is None or settled(answers, out) else "settling"

    if members and answers and still({member.name for member in members}) == "over":
        for member in members:
            roll.mark(member.name, "cancelled", stage=stage)
        return answers
    for member in members:
        roll.mark(member.name, "thinking", stage=stage)
    names = {
        asyncio.create_task(timed(ask(member), member, deadline_seconds=deadline_seconds)): member.name
        for member in members
    }
    pending = set(names)
    started = time.monotonic()
    ends: float | None = None
    try:
        while pending and (left := still({names[task] for task in pending})) != "over":
            now = time.monotonic()
            if ends is None and left == "settling":
                ends = now + max(now - started, patience_seconds)
            if ends is not None and now >= ends:
                break
            done, pending = await asyncio.wait(
                pending, timeout=None if ends is None else ends - now, return_when=asyncio.FIRST_COMPLETED
            )
            for task, name in names.items():
                if task not in done:
                    continue
                answer, took_ms = task.result()
                if isinstance(answer, ModelError):
                    roll.mark(name, "failed", stage=stage, error=str(answer), took_ms=took_ms)
                    continue
                answers[name] = answer
                roll.mark(name, "answered", stage=stage, took_ms=took_ms)
                if heard is not None:
                    heard(name, answer)
    finally:
        await _cancel(pending)
        for task in pending:
            roll.mark(names[task], "cancelled", stage=stage)
        for task in names:
            # Where several fail in the same moment, only the first is raised: the others are seen, too.
            if task.done() and not task.cancelled():
                task.exception()
    for task in pending:
        # A call that could not be recorded on its way out ends the deliberation, cancelled or not.
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
    return answers


async def _cancel(tasks: set[asyncio.Task[tuple[T | ModelError, int]]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
