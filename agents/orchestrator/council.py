"""Council mode (ADR-006): everyone answers the same question, then everyone votes on what everyone said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.orchestrator.brief import Brief
from agents.orchestrator.budget import FanOuts, Unbudgeted
from agents.orchestrator.chat import ChatRequest, Member, ModelClient
from agents.orchestrator.consensus import shuffled, stance_of, tally
from agents.orchestrator.decided import Ballotage
from agents.orchestrator.electorate import Electorate
from agents.orchestrator.fan_out import FanOut
from agents.orchestrator.remembering import Questioning
from agents.orchestrator.roll import Roll, Stage
from agents.orchestrator.standing import Standing
from tools.contracts.council import ClaimTally, MemberReport, PooledClaim, VoteSheet
from tools.contracts.progress import VoteProgress


@dataclass(frozen=True)
class Council:
    """The members and the rules. The flow from answers to outcome is the orchestrator's."""

    client: ModelClient
    members: Sequence[Member]
    """The first is the primary: ties and degraded answers go to the earlier member."""
    threshold: float = 0.7
    """A claim carries strictly above this agreement: of three voters, all three."""
    min_providers: int = 3
    """Independent families that must answer and vote. Counted after failures."""
    answer_deadline_seconds: float = 120
    vote_deadline_seconds: float = 60
    patience_seconds: float = 5
    """At least so long the last votes are waited for that can only dissent from what carries."""
    fan_outs: FanOuts = field(default_factory=Unbudgeted)
    """Whether everyone can be paid for, before anyone is asked."""

    def __post_init__(self) -> None:
        if not 0.5 <= self.threshold < 1:
            raise ValueError(f"The consensus threshold must be from 0.5 to below 1, got {self.threshold}.")
        if self.min_providers < 2:
            raise ValueError(f"A council needs at least 2 providers, got min_providers = {self.min_providers}.")

    @property
    def families(self) -> dict[str, str]:
        """Of everyone configured."""
        return {member.name: member.family for member in self.members}

    async def reports(
        self,
        brief: Brief,
        electorate: Electorate,
        *,
        roll: Roll,
        given: Mapping[str, MemberReport] | None = None,
    ) -> dict[str, MemberReport]:
        """Member → report, in configured order.

        Every answer adds claims and a vote, so all are waited for while a quorum is in reach. Once it is not, two
        independent reports can still be put together, where the agent can; else the first report is the answer.
        `given`: reports of members that answered this brief already. They are not asked again.
        """
        before = dict(given or {})
        for name in before:
            roll.mark(name, "answered", stage="answer")

        asked = [member for member in self.members if member.name not in before]
        requests = {
            member.name: brief.request(
                brief.report,
                purpose="report",
                member=member.name,
                mode="council",
                deadline_seconds=self.answer_deadline_seconds,
            )
            for member in asked
        }

        def decided(answers: dict[str, MemberReport], out: set[str]) -> bool:
            there = {*before, *answers}
            reach = electorate.effective({*there, *out})
            alone = brief.synthesis_prompt is None or reach < 2
            return bool(there) and reach < self.min_providers and alone

        fan_out = self._fan_out(brief, roll, "answer", self.answer_deadline_seconds)
        answers = await fan_out.ask(asked, requests, brief.contract, decided=decided)
        answers = {**before, **answers}
        return {member.name: answers[member.name] for member in self.members if member.name in answers}

    async def votes(
        self, brief: Brief, pooled: Sequence[PooledClaim], electorate: Electorate, *, standing: Standing, roll: Roll
    ) -> dict[str, VoteSheet]:
        """Member → votes over all pooled claims, in one call each. Ends once the outcome cannot change.

        A member sees the claims in an order of its own and never who made them. Where only the quorum still hangs on
        the last votes (:meth:`Ballotage.is_heard`), they are waited for as long again and then given up.
        """
        anonymous = {claim.id: claim.model_copy(update={"authors": []}) for claim in pooled}
        judged = brief.call_key("report", next(iter(standing.reports)))

        voters = [member for member in self.members if member.name in electorate.families]
        requests: dict[str, ChatRequest] = {}
        for member in voters:
            order = shuffled(anonymous, seed=f"{brief.seed}/{member.name}")
            requests[member.name] = brief.request(
                brief.vote_prompt([anonymous[claim_id] for claim_id in order]),
                purpose="vote",
                member=member.name,
                mode="council",
                deadline_seconds=self.vote_deadline_seconds,
                parent=judged,
            )

        def heard(name: str, sheet: VoteSheet) -> None:
            for claim in pooled:
                stance = stance_of(name, claim, sheet)
                roll.progress.emit(VoteProgress(claim.id, claim.text, name, stance, tuple(claim.phases)))

        ballotage = Ballotage(pooled, standing, electorate, self.threshold, self.min_providers)
        fan_out = self._fan_out(brief, roll, "vote", self.vote_deadline_seconds)
        sheets = await fan_out.ask(
            voters,
            requests,
            VoteSheet,
            decided=ballotage.is_decided,
            settled=ballotage.is_heard if brief.approved else None,
            patience_seconds=self.patience_seconds,
            heard=heard,
        )
        return {name: sheets[name] for name in electorate.families if name in sheets}

    def _fan_out(self, brief: Brief, roll: Roll, stage: Stage, deadline_seconds: float) -> FanOut:
        return FanOut(Questioning(self.client, brief.memory), self.fan_outs, roll, stage, deadline_seconds)

    def tally(
        self, pooled: Sequence[PooledClaim], sheets: Mapping[str, VoteSheet], electorate: Electorate
    ) -> list[ClaimTally]:
        """The count, by this council's rules."""
        return tally(pooled, sheets, electorate, threshold=self.threshold, min_providers=self.min_providers)
