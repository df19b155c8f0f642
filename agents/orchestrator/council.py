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
from agents.orchestrator.gathering import gather_answers
from agents.orchestrator.remembering import Questioning
from agents.orchestrator.roll import Roll
from agents.orchestrator.standing import Standing
from agents.orchestrator.structured import with_contract
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
        questioning = Questioning(self.client, brief.memory)
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

        async def report(member: Member) -> MemberReport:
            return await questioning.ask(member, requests[member.name], brief.contract)

        def decided(answers: dict[str, MemberReport], out: set[str]) -> bool:
            there = {*before, *answers}
            reach = electorate.effective({*there, *out})
            alone = brief.synthesis_prompt is None or reach < 2
            return bool(there) and reach < self.min_providers and alone

        known = await questioning.known(asked, requests, brief.contract)
        fan_out = [
            (member, with_contract(requests[member.name], brief.contract))
            for member in asked
            if member.name not in known
        ]
        async with self.fan_outs.reserved(fan_out):
            answers = await gather_answers(
                asked,
                report,
                roll=roll,
                stage="answer",
                deadline_seconds=self.answer_deadline_seconds,
                decided=decided,
                known=known,
            )
        answers = {**before, **answers}
        return {member.name: answers[member.name] for member in self.members if member.name in answers}

    async def votes(
        self, brief: Brief, pooled: Sequence[PooledClaim], electorate: Electorate, *, standing: Standing, roll: Roll
    ) -> dict[str, VoteSheet]:
        """Member → votes over all pooled claims, in one call each. Ends once the outcome cannot change.

        A member sees the claims in an order of its own and never who made them.
        """
        anonymous = {claim.id: claim.model_copy(update={"authors": []}) for claim in pooled}
        judged = brief.call_key("report", next(iter(standing.reports)))

        questioning = Questioning(self.client, brief.memory)
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

        async def vote(member: Member) -> VoteSheet:
            return await questioning.ask(member, requests[member.name], VoteSheet)

        def heard(name: str, sheet: VoteSheet) -> None:
            for claim in pooled:
                stance = stance_of(name, claim, sheet)
                roll.progress.emit(VoteProgress(claim.id, claim.text, name, stance, tuple(claim.phases)))

        ballotage = Ballotage(pooled, standing, electorate, self.threshold, self.min_providers)
        known = await questioning.known(voters, requests, VoteSheet)
        fan_out = [
            (member, with_contract(requests[member.name], VoteSheet)) for member in voters if member.name not in known
        ]
        async with self.fan_outs.reserved(fan_out):
            sheets = await gather_answers(
                voters,
                vote,
                roll=roll,
                stage="vote",
                deadline_seconds=self.vote_deadline_seconds,
                decided=ballotage.is_decided,
                heard=heard,
                known=known,
            )
        return {name: sheets[name] for name in electorate.families if name in sheets}

    def tally(
        self, pooled: Sequence[PooledClaim], sheets: Mapping[str, VoteSheet], electorate: Electorate
    ) -> list[ClaimTally]:
        """The count, by this council's rules."""
        return tally(pooled, sheets, electorate, threshold=self.threshold, min_providers=self.min_providers)
