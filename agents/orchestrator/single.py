"""Single mode: one model, and a configured order to fall back along when it fails."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agents.orchestrator.brief import Brief
from agents.orchestrator.chat import Member, ModelClient, ModelError
from agents.orchestrator.falling_back import takes_over
from agents.orchestrator.gathering import timed
from agents.orchestrator.remembering import Questioning
from agents.orchestrator.roll import Roll
from tools.contracts.council import MemberReport
from tools.contracts.progress import NoteProgress

LEAST_USEFUL_SECONDS = 5.0
"""With less than this left, the next member is not begun with."""


@dataclass(frozen=True)
class Single:
    """The first member that answers. Each fall-back is said aloud."""

    client: ModelClient
    members: Sequence[Member]
    """In fall-back order."""
    answer_deadline_seconds: float = 120
    """For each member."""
    deadline_seconds: float | None = None
    """For all of them together. None: twice as long as for one."""

    async def answer(self, brief: Brief, *, roll: Roll) -> tuple[Member, MemberReport]:
        """Who answered, and what. Raises :class:`ModelError` when nobody did."""
        ends = time.monotonic() + (self.deadline_seconds or 2 * self.answer_deadline_seconds)
        questioning = Questioning(self.client, brief.memory)
        requests = {
            member.name: brief.request(
                brief.report,
                purpose="report",
                member=member.name,
                mode="single",
                deadline_seconds=self.answer_deadline_seconds,
                parent=brief.call_key("report", self.members[0].name) if position else None,
            )
            for position, member in enumerate(self.members)
        }
        known = await questioning.known(self.members, requests, brief.contract)
        for member in self.members:
            if (kept := known.get(member.name)) is not None:
                roll.progress.emit(NoteProgress(f"{member.name} had answered before the interruption."))
                roll.mark(member.name, "answered", stage="answer")
                return member, kept
        for position, member in enumerate(self.members):
            roll.mark(member.name, "thinking", stage="answer")
            left = min(self.answer_deadline_seconds, ends - time.monotonic())
            request = replace(requests[member.name], deadline_seconds=left)
            answer, took_ms = await timed(
                questioning.ask(member, request, brief.contract), member, deadline_seconds=request.deadline_seconds
            )
            if isinstance(answer, MemberReport):
                roll.mark(member.name, "answered", stage="answer", took_ms=took_ms)
                return member, answer
            roll.mark(member.name, "failed", stage="answer", error=str(answer), took_ms=took_ms)
            following = self.members[position + 1 : position + 2]
            if following and ends - time.monotonic() < min(LEAST_USEFUL_SECONDS, self.answer_deadline_seconds / 2):
                late = f"There was no time left to ask {following[0].name}."
                roll.progress.emit(NoteProgress(f"{answer} {late}"))
                break
            for next_one in following:
                roll.progress.emit(NoteProgress(takes_over(member, answer, next_one)))
        raise nobody_answered(roll)


def nobody_answered(roll: Roll) -> ModelError:
    reasons = " ".join(roll.failures()) or "No model is configured."
    return ModelError("unavailable", f"No model answered, so there is no plan and nothing was run. {reasons}")
