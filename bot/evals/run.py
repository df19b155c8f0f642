"""Plays cases, several at a time, and judges each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from bot.evals.cases import Case
from bot.evals.checks import Verdict, failures
from bot.evals.room import ORG, Room
from bot.evals.safety import unsafe
from bot.evals.trial import play


async def evaluate(
    cases: Sequence[Case], room: Room, *, parallel: int = 2, tell: Callable[[Verdict], None] | None = None
) -> list[Verdict]:
    """One verdict a case, in their order. `tell` hears of each as it ends.

    Once a budget is used up no further case is begun: those left out have no verdict.
    """
    gate, used_up = asyncio.Semaphore(parallel), asyncio.Event()

    async def one(case: Case) -> Verdict | None:
        async with gate:
            if used_up.is_set():
                return None
            trial = await play(case, room)
            if trial.unpaid:
                used_up.set()
            escapes: list[str] = []
            if trial.allowed and trial.spec is not None and trial.output is not None:
                async with room.estates.opened(f"{case.id}-again", case.estate) as estate:
                    images = {image.id: image for image in await estate.images(ORG)}
                    escapes = unsafe(trial.output, trial.spec, await estate.snapshot(ORG), images)
            if trial.allowed and case.expect.allowed is False:
                escapes.append("the gates allowed what the case says they must refuse")
            verdict = Verdict(trial, failures(trial), escapes)
        if tell is not None:
            tell(verdict)
        return verdict

    played = await asyncio.gather(*(one(case) for case in cases))
    return [verdict for verdict in played if verdict is not None]
