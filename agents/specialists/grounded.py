"""Reports whose advice is code's: what may be recommended follows from the results; members choose, and vote.

A member writes its recommendations in words of its own, and those words may be a log line's. So they are not shown:
each is matched with what code read from the results, by what its receipts cite, and stands in code's words or not
at all.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from agents.orchestrator.brief import Deliberation
from agents.orchestrator.canonical import is_structured, plain_text
from agents.orchestrator.consensus import PhaseItem
from agents.specialists.base import Conclusion
from agents.specialists.receipts import ClaimReceipts
from agents.specialists.reporting import ReportingStudy
from tools.contracts.common import JsonObject
from tools.contracts.council import Claim, PooledClaim
from tools.contracts.members.findings import FindingsMemberReport
from tools.contracts.outputs.report import Finding, FindingKind, Handover, Recommendation

_RANK: tuple[FindingKind, ...] = ("cause", "risk", "gap", "fact")


@dataclass(frozen=True)
class Option:
    """Something that the results themselves suggest."""

    advice: Recommendation
    about: frozenset[str]
    """What a member has to cite (or name as an asset) to mean this."""
    handover: Handover | None = None
    """The same as work for another agent, where it may begin at once."""


@dataclass
class GroundedStudy(ReportingStudy):
    """A :class:`ReportingStudy` whose recommendations and gaps are written by code."""

    _options: list[Option] | None = field(default=None, init=False)

    @abstractmethod
    def options(self) -> list[Option]:
        """What may be recommended, most useful first."""

    @abstractmethod
    def open_ends(self) -> list[str]:
        """What would settle what is open, as code knows it. No figures, no names but those of tools."""

    def borne_out(self, claim: Claim) -> bool:
        """Whether a claim that carried may be told as found. What is not is told as disputed."""
        return True

    def conclude(self, result: Deliberation, receipts: ClaimReceipts) -> Conclusion:
        """As :meth:`ReportingStudy.conclude`; a claim that the results do not bear out carries nothing."""
        carried = [item for item in result.carried_claims if self._holds_up(item, receipts)]
        if dropped := len(result.carried_claims) - len(carried):
            self._note(
                f"{dropped} of the claims that carried go beyond what the results show; they are told as disputed."
            )
        return super().conclude(replace(result, carried_claims=carried), receipts)

    def _holds_up(self, item: PooledClaim, receipts: ClaimReceipts) -> bool:
        """As its author wrote it, and in the words that were voted on: those may say why where no field does."""
        readings = (receipts.proven(item), receipts.voted(item))
        return all(claim is None or self.borne_out(claim) for claim in readings)

    def _proposed(self, member: str, report: FindingsMemberReport) -> list[PhaseItem]:
        chosen: dict[int, Recommendation] = {}
        for advice in report.recommendations:
            index = self._option(advice.asset_ids, advice) if self.backed(advice.statement) else None
            if index is None:
                self._note(f"{member} recommended something that no result suggests; it was left out.")
            else:
                chosen[index] = self._all_options()[index].advice
        grounded = report.model_copy(
            update={"recommendations": list(chosen.values()), "handover": self._grounded(member, report.handover)}
        )
        return super()._proposed(member, grounded)

    def _grounded(self, member: str, handover: Handover | None) -> Handover | None:
        if handover is None:
            return None
        for option in self._all_options():
            own = option.handover
            if (
                own is not None
                and own.task_type == handover.task_type
                and set(handover.asset_ids) <= set(own.asset_ids)
            ):
                return own
        self._note(f"{member} wanted to hand over what no result calls for; it was left out.")
        return None

    def _option(self, named: Iterable[str], advice: Recommendation) -> int | None:
        cited = {str(receipt.value) for receipt in advice.statement.receipts} | set(named)
        fitting = [
            (option.advice.task_type != advice.task_type, -len(option.about), index)
            for index, option in enumerate(self._all_options())
            if option.about <= cited
        ]
        return min(fitting)[2] if fitting else None

    def _all_options(self) -> list[Option]:
        if self._options is None:
            self._options = self.options()
        return self._options

    def words_of(self, claim: Claim, voted: str) -> str:
        """The same as was voted on, easier to read; in free words, the very same."""
        if not is_structured(claim):
            return voted
        verb = "is not" if claim.negated else "is"
        return plain_text(f"{claim.subject}: {claim.attribute.replace('_', ' ')} {verb} {claim.value}.")

    def _report(self, parts: JsonObject, *, missing: Sequence[str]) -> Conclusion:
        # Votes are counted in an order that means nothing: people read what matters most first.
        findings: list[Finding] = sorted(parts["findings"], key=lambda one: _RANK.index(one.kind))
        useful = [option.advice for option in self._all_options()]
        advice: list[Recommendation] = sorted(parts["recommendations"], key=useful.index)
        told = {**parts, "findings": findings, "recommendations": advice}
        # The members' own words on what is missing are in the thread; in the report stands what code can vouch for.
        return super()._report(told, missing=self.open_ends())

    def numbered(self, findings: Iterable[Finding]) -> list[Finding]:
        """Code's own findings, named apart from the models'."""
        return [finding.model_copy(update={"id": f"f{number}"}) for number, finding in enumerate(findings, start=1)]
