"""What agents that report do alike: the report is written by code, from what carried and what the results show."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from agents.orchestrator.brief import Deliberation
from agents.orchestrator.canonical import is_structured, plain_text
from agents.orchestrator.consensus import PhaseItem
from agents.specialists.base import Conclusion
from agents.specialists.diagnosis import says_why
from agents.specialists.investigation import ToolDesk
from agents.specialists.receipts import ClaimReceipts
from tools.contracts.common import JsonObject, RiskLevel, canonical_json
from tools.contracts.council import Claim, ClaimTally, CouncilOutcome, MemberReport
from tools.contracts.members.findings import FindingsMemberReport
from tools.contracts.outputs import read_report
from tools.contracts.outputs.report import Conclusion as ReportConclusion
from tools.contracts.outputs.report import Finding, FindingKind, Handover, Recommendation
from tools.contracts.plan import Receipt
from tools.contracts.progress import NoteProgress
from tools.contracts.statement import Statement
from tools.receipts import find, holds, unshown
from tools.tokens import facts_in

_KINDS: Mapping[str, FindingKind] = {
    "cause": "cause",
    "root_cause": "cause",
    "contributing_cause": "cause",
    "risk": "risk",
    "exposure": "risk",
    "gap": "gap",
    "missing": "gap",
}
"""A claim's attribute → what its finding is; anything else is a fact."""


@dataclass
class ReportingStudy(ABC):
    """A :class:`agents.specialists.study.Study`."""

    desk: ToolDesk
    notes: list[str] = field(default_factory=list[str])
    recommended: dict[str, Recommendation] = field(default_factory=dict[str, Recommendation])
    """Key of the vote's item → what was recommended, in the words of the first who did."""
    handovers: dict[str, Handover] = field(default_factory=dict[str, Handover])

    kind: ClassVar[str]
    """Of the report, e.g. `IncidentAnalysis`."""

    @abstractmethod
    def unjudgeable(self) -> str | None:
        """See :class:`agents.specialists.study.Study`."""

    @property
    @abstractmethod
    def healthy(self) -> bool:
        """Whether whole results show that all is well. No data is never healthy."""

    @abstractmethod
    def summary(self, conclusion: ReportConclusion, findings: Sequence[Finding]) -> Statement:
        """What the report comes to. Written by code, with receipts by code."""

    @abstractmethod
    def details(self) -> JsonObject:
        """The fields that only this kind of report has, read by code from the results."""

    def facts(self) -> list[Finding]:
        """What code itself reads from the results and puts before what the models found."""
        return []

    def kind_of(self, claim: Claim) -> FindingKind:
        """By its attribute; of one in free words, by whether they say why."""
        if not is_structured(claim):
            return "cause" if says_why(claim) else "fact"
        return _KINDS.get(claim.attribute.lower(), "fact")

    def severity_of(self, claim: Claim) -> RiskLevel | None:
        """None: nothing in the results says how bad it is."""
        return None

    def assets_of(self, claim: Claim) -> list[str]:
        """Assets the finding is about."""
        return []

    def words_of(self, claim: Claim, voted: str) -> str:
        """A claim as the report states it; `voted`: the text that the members voted on."""
        return voted

    async def expand(self, reports: Mapping[str, MemberReport]) -> Mapping[str, Sequence[PhaseItem]]:
        """Member → its conclusion, its recommendations and its hand-over, each to be voted on."""
        items: dict[str, Sequence[PhaseItem]] = {}
        for member in sorted(reports):
            report = reports[member]
            if isinstance(report, FindingsMemberReport):
                items[member] = [_conclusion_item(report), *self._proposed(member, report)]
        return items

    def _proposed(self, member: str, report: FindingsMemberReport) -> list[PhaseItem]:
        items: list[PhaseItem] = []
        for advice in report.recommendations:
            if not self.backed(advice.statement):
                self._note(f"{member} recommended something that its receipts do not show; it was left out.")
                continue
            key = canonical_json(
                [advice.task_type, sorted(advice.asset_ids), plain_text(advice.statement.text).lower()]
            ).decode()
            self.recommended.setdefault(key, advice)
            items.append(PhaseItem(key, f"Recommended: {plain_text(advice.statement.text)}", kind="recommendation"))
        handover = report.handover
        if handover is not None and self._may_hand_over(member, handover):
            key = canonical_json(["handover", handover.task_type, sorted(handover.asset_ids)]).decode()
            self.handovers.setdefault(key, handover)
            text = f"Hand over as {handover.task_type}: {plain_text(handover.goal)}"
            items.append(PhaseItem(key, text, kind="recommendation"))
        return items

    def _may_hand_over(self, member: str, handover: Handover) -> bool:
        own = self.desk.assignment.spec.task_type
        if handover.task_type != own and self.backed(handover.reason):
            return True
        self._note(f"{member} wanted to hand over without showing why, or to itself; it was left out.")
        return False

    def stated(self, text: str, receipts: Sequence[Receipt] = ()) -> Statement | None:
        """A sentence with a receipt for each of its facts: those given, and those that code finds in the results.

        None: a given receipt does not hold, or a fact is nowhere in the results.
        """
        results = self.results
        if not all(holds(receipt, results) for receipt in receipts):
            return None
        backing = list(receipts)
        for fact in unshown(text[:400], backing, names=self.names):
            if (receipt := find(results, fact)) is None:
                return None
            backing.append(receipt)
        return Statement(text=text[:400], receipts=backing[:40])

    @cached_property
    def results(self) -> dict[str, JsonObject]:
        return self.desk.book.by_call

    @property
    def names(self) -> frozenset[str]:
        return self.desk.book.names

    def backed(self, statement: Statement) -> bool:
        """Whether a model's sentence may stand in the report: it cites, rightly, and states no more than it cites."""
        return (
            bool(statement.receipts)
            and all(holds(receipt, self.results) for receipt in statement.receipts)
            and not unshown(statement.text, statement.receipts, names=self.names)
        )

    def conclude(self, result: Deliberation, receipts: ClaimReceipts) -> Conclusion:
        """The report. Claims that carried but whose receipts do not hold are left out, and a note says so."""
        rows = {row.claim.key: row for row in result.outcome.tallies}
        carried = {claim.key for claim in result.carried_claims}
        claims = [row for row in rows.values() if row.claim.kind == "claim"]
        found = [self._finding(row, receipts) for row in claims if row.claim.key in carried]
        disputed = [self._finding(row, receipts) for row in claims if row.claim.key not in carried]
        if unproven := found.count(None):
            self._note(f"{unproven} of the models' claims cite nothing that is in the evidence; they were left out.")
        findings = [*self.facts(), *(finding for finding in found if finding is not None)]
        conclusion = self._conclusion(result, findings)
        advised = [claim.key for claim in result.carried_recommendations]
        report: JsonObject = {
            "conclusion": conclusion,
            "summary": self.summary(conclusion, findings),
            "findings": findings[:60],
            "recommendations": [self.recommended[key] for key in advised if key in self.recommended][:20],
            "disputed": [finding for finding in disputed if finding is not None][:60],
            "handover": next((self.handovers[key] for key in advised if key in self.handovers), None)
            if conclusion == "findings"
            else None,
        }
        missing = [text for answer in result.reports.values() for text in answer.missing]
        return self._report(report, missing=missing)

    def unjudged(self, reason: str, council: CouncilOutcome) -> Conclusion:
        """What could not be looked at is reported as inconclusive, never as healthy."""
        summary = self.summary("inconclusive", [])
        parts: JsonObject = {"conclusion": "inconclusive", "summary": summary, "findings": self.facts()}
        return self._report({**parts, "recommendations": [], "disputed": [], "handover": None}, missing=[reason])

    def _report(self, parts: JsonObject, *, missing: Sequence[str]) -> Conclusion:
        work = self.desk.assignment
        report = read_report(
            {
                "kind": self.kind,
                "org": work.caller.org,
                "task_id": work.spec.id,
                "revision": work.revision,
                "environment": work.spec.environment,
                **parts,
                **self.details(),
                "missing": self._missing(missing)[:20],
                "evidence": self.desk.book.cited(),
            }
        )
        return Conclusion("report", reason=report.summary.text, report=report)

    def _missing(self, said: Sequence[str]) -> list[str]:
        """Tools that failed, and what members miss, as far as it names no figure and no asset."""
        failed = [f"{result.call.tool[:64]} failed." for result in self.desk.book.results if not result.ok]
        return list(dict.fromkeys([*failed, *(text[:300] for text in said if not facts_in(text[:300], self.names))]))

    def _finding(self, row: ClaimTally, receipts: ClaimReceipts) -> Finding | None:
        claim = receipts.voted(row.claim)
        if claim is None:
            return None
        statement = self.stated(self.words_of(claim, row.claim.text), claim.receipts)
        if statement is None:
            return None
        return Finding(
            id=row.claim.id,
            statement=statement,
            kind=self.kind_of(claim),
            severity=self.severity_of(claim),
            asset_ids=self.assets_of(claim),
            agreement=row.agreement,
            supporters=len(row.support),
            single_source=row.single_source,
        )

    def _conclusion(self, result: Deliberation, findings: Sequence[Finding]) -> ReportConclusion:
        voice = result.reports.get(result.best) if result.best is not None else None
        stated = voice.conclusion if isinstance(voice, FindingsMemberReport) else "inconclusive"
        if stated == "healthy":
            return "healthy" if self.healthy else "inconclusive"
        return "inconclusive" if stated == "findings" and not findings else stated

    def _note(self, text: str) -> None:
        self.notes.append(text)
        self.desk.assignment.progress.emit(NoteProgress(text))


_SAYS: Mapping[ReportConclusion, str] = {
    "findings": "The evidence shows something that needs attention.",
    "healthy": "The evidence shows that nothing needs attention.",
    "inconclusive": "The evidence is not enough to conclude anything.",
}


def _conclusion_item(report: FindingsMemberReport) -> PhaseItem:
    """Voted on like a phase: the members agree on a conclusion, or there is none."""
    return PhaseItem(key=f"conclusion:{report.conclusion}", text=_SAYS[report.conclusion])
