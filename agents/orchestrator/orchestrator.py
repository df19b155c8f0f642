"""The one door to the models for a specialist: a brief and a mode in, a deliberation out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.orchestrator.aggregation import SYNTHESIS, Aggregation, anonymous
from agents.orchestrator.brief import Brief, Deliberation
from agents.orchestrator.canonical import claim_key
from agents.orchestrator.chat import Member
from agents.orchestrator.consensus import pool_claims
from agents.orchestrator.council import Council
from agents.orchestrator.electorate import Electorate
from agents.orchestrator.merging import Merging
from agents.orchestrator.outcomes import unvoted, weighed
from agents.orchestrator.reliability import Learned, NothingLearned, TrackRecords
from agents.orchestrator.roll import Roll
from agents.orchestrator.single import Single, nobody_answered
from agents.orchestrator.standing import Standing, dissents, mean_agreement, phase_keys
from agents.orchestrator.turn import Turn
from tools.contracts.common import Mode, digest_of
from tools.contracts.council import ClaimTally, CouncilOutcome, MemberReport, VoteSheet
from tools.contracts.ledger import Recorder
from tools.contracts.progress import NoteProgress, Progress, TallyProgress, VerdictProgress


@dataclass(frozen=True)
class Orchestrator:
    """Single, aggregation and council over the same members. A mode that cannot run degrades, and says so."""

    council: Council
    primary: str | None = None
    """Name of the member that synthesises in aggregation mode. None: the first."""
    records: TrackRecords = field(default_factory=NothingLearned)
    """What a council's votes have proved worth."""
    judge: Member | None = None
    """Who says which claims in free words state the same. None: nobody, and only equal words do."""
    asked: Sequence[Member] = ()
    """Who answers alone: in this order, one where another fails. Empty: as the council's members are configured."""

    def __post_init__(self) -> None:
        if any(member.name == SYNTHESIS for member in self.council.members):
            raise ValueError(f"A member may not be named {SYNTHESIS!r}: the synthesised report is.")

    @property
    def alone(self) -> Sequence[Member]:
        """Who is asked where one model answers, the first first."""
        return self.asked or self.council.members

    async def deliberate(
        self,
        brief: Brief,
        *,
        mode: Mode,
        progress: Progress,
        recorder: Recorder,
        given: Mapping[str, MemberReport] | None = None,
        escalated: str | None = None,
    ) -> Deliberation:
        """Ask the models. What they decided is in the ledger before this returns, unless one model was asked for.

        `given`: what members answered to this very brief already: it is taken as their answer, and only the others are
        asked. `escalated`: why a council was called in after one model had answered.

        Raises :class:`ModelError` when no member answered, and `LedgerUnavailable` when a call or the outcome could
        not be recorded.
        """
        learned = await self.records.learned(brief.org, brief.agent) if mode == "council" else Learned()
        turn = Turn(
            brief=brief,
            requested=mode,
            roll=Roll(self.council.members, progress),
            electorate=learned.electorate(self.council.families),
            learned=learned,
            given=given or {},
            escalated=escalated,
        )
        if mode == "council":
            result = await self._council(turn)
        elif mode == "aggregation":
            result = await self._aggregation(turn, degraded=None)
        else:
            result = await self._single(turn, degraded=None)
        progress.emit(VerdictProgress(result.outcome))
        if mode != "single":
            await recorder.record(
                "council_voted",
                result.outcome.model_dump(mode="json"),
                org=brief.org,
                task_id=brief.task_id,
                actor=f"agent:{brief.agent}",
                # Asked again after a crash, the models may decide otherwise: that is another entry, not a repeat.
                key=f"{brief.key}:outcome:{digest_of(result.outcome).removeprefix('sha256:')[:16]}",
            )
        return result

    async def _single(self, turn: Turn, *, degraded: str | None) -> Deliberation:
        if degraded is not None:
            turn.roll.progress.emit(NoteProgress(degraded))
        if turn.given:
            name = next(iter(turn.given))
            turn.roll.mark(name, "answered", stage="answer")
            return await self._alone(turn, turn.given, name, degraded=degraded)
        single = Single(self.council.client, self.alone, self.council.answer_deadline_seconds)
        member, report = await single.answer(turn.brief, roll=turn.roll)
        return await self._alone(turn, {member.name: report}, member.name, degraded=degraded)

    async def _alone(
        self, turn: Turn, reports: Mapping[str, MemberReport], name: str, *, degraded: str | None
    ) -> Deliberation:
        """One member's report as the answer, because no council was asked or none came together."""
        phases = await turn.phases({name: reports[name]})
        pooled = pool_claims({name: reports[name]}, phases, seed=turn.brief.seed)
        return Deliberation(
            outcome=self._outcome(turn, "single", [unvoted(claim, [name]) for claim in pooled], degraded=degraded),
            reports=reports,
            phases=phases,
            carried_phase_keys=frozenset(item.key for item in phases.get(name, ())),
            carried_claims=[claim for claim in pooled if claim.kind == "claim"],
            carried_recommendations=[claim for claim in pooled if claim.kind == "recommendation"],
            best=name if phases.get(name) else None,
        )

    async def _aggregation(self, turn: Turn, *, degraded: str | None) -> Deliberation:
        if degraded is not None:
            turn.roll.progress.emit(NoteProgress(degraded))
        if turn.brief.synthesis_prompt is None:
            return await self._single(
                turn, degraded=f"The {turn.brief.agent} agent cannot aggregate; one model answers alone."
            )
        reports = await self._aggregating.reports(turn.brief, roll=turn.roll, given=turn.given)
        if not reports:
            raise nobody_answered(turn.roll)
        first = next(iter(reports))
        if len(reports) == 1:
            degraded = f"Only {first} answered, so there was nothing to aggregate: its answer stands alone."
            turn.roll.progress.emit(NoteProgress(degraded))
            return await self._alone(turn, reports, first, degraded=degraded)
        return await self._together(turn, reports, degraded=degraded)

    @property
    def _aggregating(self) -> Aggregation:
        council = self.council
        return Aggregation(
            council.client,
            council.members,
            council.answer_deadline_seconds,
            primary=self.primary,
            fan_outs=council.fan_outs,
        )

    async def _together(self, turn: Turn, reports: Mapping[str, MemberReport], *, degraded: str | None) -> Deliberation:
        """Several reports made into one. Nothing is put to a vote."""
        brief, first = turn.brief, next(iter(reports))
        if brief.synthesis_prompt is None:
            raise ValueError(f"The {brief.agent} agent has no prompt that puts reports together.")
        prompt = brief.synthesis_prompt(anonymous(list(reports.values()), seed=brief.seed))
        synthesis = await self._aggregating.synthesise(brief, prompt, list(reports), roll=turn.roll)
        if synthesis is None:
            alone = f"No model could put the reports together, so {first} answers alone."
            degraded = f"{degraded} {alone}" if degraded else alone
            turn.roll.progress.emit(NoteProgress(degraded))
            return await self._alone(turn, reports, first, degraded=degraded)
        phases = await turn.phases({SYNTHESIS: synthesis})
        pooled = pool_claims({SYNTHESIS: synthesis}, phases, seed=brief.seed)
        stated = {name: {claim_key(claim) for claim in report.claims} for name, report in reports.items()}
        rows = [unvoted(claim, [name for name, keys in stated.items() if claim.key in keys]) for claim in pooled]
        return Deliberation(
            outcome=self._outcome(turn, "aggregation", rows, degraded=degraded, voices=list(reports)),
            reports={**reports, SYNTHESIS: synthesis},
            phases=phases,
            carried_phase_keys=frozenset(item.key for item in phases.get(SYNTHESIS, ())),
            # What only the synthesis says, no member found in the evidence.
            carried_claims=[row.claim for row in rows if row.claim.kind == "claim" and row.support],
            carried_recommendations=[row.claim for row in rows if row.claim.kind == "recommendation"],
            best=SYNTHESIS if phases.get(SYNTHESIS) else None,
        )

    async def _council(self, turn: Turn) -> Deliberation:
        council, brief, roll = self.council, turn.brief, turn.roll
        for group in turn.learned.alike:
            same = " and ".join(sorted(group & set(turn.electorate.families)))
            roll.progress.emit(NoteProgress(f"{same} have nearly always been wrong together: they share one vote."))
        configured = turn.electorate.effective(turn.electorate.families)
        if configured < council.min_providers:
            short = (
                f"A council needs {council.min_providers} independent models and {configured} "
                f"{'is' if configured == 1 else 'are'} configured (models of one family share a vote): "
            )
            if configured > 1 and brief.synthesis_prompt is not None:
                return await self._aggregation(turn, degraded=f"{short}their answers are put together, unvoted.")
            return await self._single(turn, degraded=f"{short}one model answers alone.")
        reports = await council.reports(brief, turn.electorate, roll=roll, given=turn.given)
        if not reports:
            raise nobody_answered(roll)
        answered = turn.electorate.effective(reports)
        if answered < council.min_providers:
            first = next(iter(reports))
            aggregates = answered > 1 and brief.synthesis_prompt is not None
            then = "their answers are put together, unvoted." if aggregates else f"{first} answers alone, unchecked."
            degraded = self._shortfall(answered, "answered", roll, then)
            roll.progress.emit(NoteProgress(degraded))
            if aggregates:
                return await self._together(turn, reports, degraded=degraded)
            return await self._alone(turn, reports, first, degraded=degraded)
        roll.wait_to_vote(reports)
        phases = await turn.phases(reports)
        pooled = await Merging(council.client, self.judge).merged(
            pool_claims(reports, phases, seed=brief.seed), reports, brief, progress=roll.progress
        )
        voters = turn.electorate.among(reports)
        standing = Standing(reports, phases)
        sheets = await council.votes(brief, pooled, voters, standing=standing, roll=roll) if pooled else {}
        rows = council.tally(pooled, sheets, voters)
        roll.progress.emit(TallyProgress(tallies=rows))
        if pooled and voters.effective(sheets) < council.min_providers:
            return self._hung(turn, standing, rows, sheets=sheets, answered=voters)
        best = standing.best(rows, voters)
        outcome = self._outcome(
            turn,
            "council",
            rows,
            degraded=None,
            voices=list(sheets),
            unheard=[name for name in reports if pooled and name not in sheets],
            consensus=best is not None,
        )
        return Deliberation(
            outcome=weighed(outcome, voters, turn.learned, keys=standing.keys(best) if best else []),
            reports=reports,
            phases=phases,
            carried_phase_keys=phase_keys(row for row in rows if row.carried),
            carried_claims=[row.claim for row in rows if row.claim.kind == "claim" and row.carried],
            carried_recommendations=[row.claim for row in rows if row.claim.kind == "recommendation" and row.carried],
            best=best,
        )

    def _hung(
        self,
        turn: Turn,
        standing: Standing,
        rows: Sequence[ClaimTally],
        *,
        sheets: Mapping[str, VoteSheet],
        answered: Electorate,
    ) -> Deliberation:
        """Enough answered but too few voted: one report alone, and only one that no vote spoke against."""
        left = standing.uncontradicted(rows)
        best = left[0] if left else None
        then = f"{best} answers alone; no vote spoke against its plan." if best else "No plan went unopposed."
        degraded = self._shortfall(answered.effective(sheets), "voted", turn.roll, then)
        turn.roll.progress.emit(NoteProgress(degraded))
        return Deliberation(
            outcome=self._outcome(
                turn,
                "single",
                rows,
                degraded=degraded,
                voices=list(sheets),
                unheard=[name for name in answered.families if name not in sheets],
            ),
            reports=standing.reports,
            phases=standing.phases,
            carried_phase_keys=frozenset(item.key for item in standing.phases[best]) if best else frozenset(),
            carried_claims=[
                row.claim
                for row in rows
                if row.claim.kind == "claim"
                and best in row.claim.stated_by
                and best in row.support
                and not row.contradict
            ],
            carried_recommendations=[
                row.claim
                for row in rows
                if row.claim.kind == "recommendation" and best in row.claim.authors and not row.contradict
            ],
            best=best,
        )

    def _shortfall(self, count: int, did: str, roll: Roll, then: str) -> str:
        reasons = " ".join(roll.failures())
        return f"{count} of the {self.council.min_providers} independent models a council needs {did}: {then} {reasons}"

    def _outcome(
        self,
        turn: Turn,
        mode: Mode,
        rows: Sequence[ClaimTally],
        *,
        degraded: str | None,
        voices: Sequence[str] | None = None,
        unheard: Sequence[str] = (),
        consensus: bool = False,
    ) -> CouncilOutcome:
        """`voices`: who was counted; None for one member alone. No votes, no consensus: that is not agreement."""
        return CouncilOutcome(
            mode=mode,
            requested_mode=turn.requested,
            degraded=degraded,
            escalated=turn.escalated,
            members=turn.roll.summaries(),
            nominal_votes=1 if voices is None else len(voices),
            effective_votes=1.0 if voices is None else float(turn.electorate.effective(voices)),
            threshold=self.council.threshold,
            min_providers=self.council.min_providers,
            tallies=list(rows),
            agreement=mean_agreement(rows),
            dissent=dissents(rows),
            opposed=sum(len(row.contradict) for row in rows if row.carried),
            unheard=list(unheard),
            consensus=consensus,
        )
