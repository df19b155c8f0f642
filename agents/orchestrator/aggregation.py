"""Aggregation mode (ADR-006): everyone answers, then the primary makes one report of the anonymous reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.orchestrator.brief import Brief, Prompt
from agents.orchestrator.budget import FanOuts, Unbudgeted
from agents.orchestrator.chat import Member, ModelClient
from agents.orchestrator.consensus import shuffled
from agents.orchestrator.fan_out import FanOut
from agents.orchestrator.gathering import timed
from agents.orchestrator.remembering import Questioning
from agents.orchestrator.roll import Roll
from agents.orchestrator.structured import ask
from tools.contracts.common import canonical_json
from tools.contracts.council import MemberReport
from tools.contracts.progress import NoteProgress

SYNTHESIS = "synthesis"
"""The name under which the synthesised report appears beside the members' own."""


@dataclass(frozen=True)
class Aggregation:
    """Any member may fail, the primary included: the next one in order then synthesises."""

    client: ModelClient
    members: Sequence[Member]
    answer_deadline_seconds: float = 120
    """For each answer, and again for the synthesis."""
    primary: str | None = None
    """Name of the member that synthesises (ADR-006, `primary_provider`). None: the first."""
    fan_outs: FanOuts = field(default_factory=Unbudgeted)
    """Whether everyone can be paid for, before anyone is asked."""

    async def reports(
        self, brief: Brief, *, roll: Roll, given: Mapping[str, MemberReport] | None = None
    ) -> dict[str, MemberReport]:
        """Member → report, in configured order. `given`: of members that answered this brief already."""
        before = dict(given or {})
        for name in before:
            roll.mark(name, "answered", stage="answer")

        asked = [member for member in self.members if member.name not in before]
        requests = {
            member.name: brief.request(
                brief.report,
                purpose="report",
                member=member.name,
                mode="aggregation",
                deadline_seconds=self.answer_deadline_seconds,
            )
            for member in asked
        }

        fan_out = FanOut(
            Questioning(self.client, brief.memory), self.fan_outs, roll, "answer", self.answer_deadline_seconds
        )
        answers = await fan_out.ask(asked, requests, brief.contract, decided=lambda _answers, _out: False)
        answers = {**before, **answers}
        return {member.name: answers[member.name] for member in self.members if member.name in answers}

    async def synthesise(
        self, brief: Brief, prompt: Prompt, reports: Sequence[str], *, roll: Roll
    ) -> MemberReport | None:
        """One report out of many, by the primary, else by the first in order that manages; None when none does."""
        in_turn = sorted(self.members, key=lambda member: member.name != self.primary)
        for member in (member for member in in_turn if member.name in reports):
            roll.mark(member.name, "thinking", stage="answer")
            request = brief.request(
                prompt,
                purpose="synthesize",
                member=member.name,
                mode="aggregation",
                deadline_seconds=self.answer_deadline_seconds,
                parent=brief.call_key("report", reports[0]),
            )
            answer, took_ms = await timed(
                ask(self.client, member, request, brief.contract), member, deadline_seconds=request.deadline_seconds
            )
            if isinstance(answer, MemberReport):
                roll.mark(member.name, "answered", stage="answer", took_ms=took_ms)
                return answer
            roll.mark(member.name, "failed", stage="answer", error=str(answer), took_ms=took_ms)
            roll.progress.emit(NoteProgress(f"{answer} It could not put the reports together."))
        return None


def anonymous(reports: Sequence[MemberReport], *, seed: str) -> list[MemberReport]:
    """Distinct reports in an order that tells nothing of their authors."""
    by_content = {canonical_json(report).decode(): report for report in reports}
    return [by_content[content] for content in shuffled(by_content, seed=seed)]
