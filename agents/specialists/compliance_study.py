"""How the compliance agent reads its evidence: no data is never compliant, old data neither, an error is an error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from agents.orchestrator.brief import Deliberation
from agents.specialists.grounded import GroundedStudy, Option
from agents.specialists.investigation import ToolDesk
from agents.specialists.tables import items_of, read_row_at, read_to_the_end, read_whole, stated
from tools.contracts.common import JsonObject, RiskLevel, TaskType
from tools.contracts.council import Claim
from tools.contracts.outputs.compliance import (
    ControlEvidenced,
    ControlMeasured,
    EvidenceDocument,
    FrameworkJudged,
)
from tools.contracts.outputs.report import Conclusion, Finding, Recommendation
from tools.contracts.plan import Receipt
from tools.contracts.statement import Statement

_HOLDS = ("compliant", "compliant_with_exemptions")
_GAPS = ("stale", "no_data")
_REMEDIES: dict[str, tuple[TaskType, str]] = {
    "drift": ("drift_remediation", "bring its assets back to their golden images"),
    "vulnerabilities": ("patch_rollout", "patch its assets"),
    "recovery": ("dr_readiness", "check the recovery pairs behind it"),
}


class ComplianceStudy(GroundedStudy):
    kind: ClassVar[str] = "ComplianceReport"

    def __init__(self, desk: ToolDesk) -> None:
        super().__init__(desk)
        book, tool = desk.book, "generate_compliance_evidence"
        self.documents = read_whole(book, tool, EvidenceDocument)
        self.frameworks: list[FrameworkJudged] = []
        self.controls: list[ControlEvidenced] = []
        for result in book.succeeded:
            if result.call.tool != tool:
                continue
            for index, framework in enumerate(items_of(result.output or {}, "frameworks")):
                path = f"/frameworks/{index}"
                summary: JsonObject = framework["summary"]
                self.frameworks.append(read_row_at(FrameworkJudged, summary, result, path=f"{path}/summary"))
                for number, control in enumerate(items_of(framework, "controls")):
                    place = f"{path}/controls/{number}"
                    self.controls.append(read_row_at(ControlEvidenced, control, result, path=place))
        self.controls.sort(key=_urgency)
        self.measured = read_whole(book, "check_control", ControlMeasured)

    @property
    def failing(self) -> list[ControlEvidenced]:
        return [row for row in self.controls if row.control.verdict == "non_compliant"]

    @property
    def gaps(self) -> list[ControlEvidenced]:
        """Controls without data, or with old ones: neither failing nor holding."""
        return [row for row in self.controls if row.control.verdict in _GAPS]

    @property
    def contradicted(self) -> list[ControlMeasured]:
        """On record as holding, and measured as not holding."""
        return [
            row
            for row in self.measured
            if row.control.verdict in _HOLDS and row.measured is not None and row.measured.verdict not in _HOLDS
        ]

    def unjudgeable(self) -> str | None:
        if self.documents:
            return None
        return "No evidence could be put together, so nothing can be said of compliance. That is no pass."

    @property
    def healthy(self) -> bool:
        """Every control of every framework that is audited here, or that the task names, holds with evidence."""
        book = self.desk.book
        audited = {
            str(row["framework"])
            for result in book.succeeded
            if result.call.tool == "get_compliance_status"
            for row in items_of(result.output or {}, "frameworks")
        }
        evidenced = {row.framework for row in self.frameworks}
        asked = f"{self.desk.assignment.spec.user_intent} {self.desk.assignment.spec.goal}".lower().replace(" ", "")
        named = {name for name in audited if name.lower().replace(" ", "") in asked}
        whole = read_to_the_end(book, "get_compliance_status") and bool(audited) and (named or audited) <= evidenced
        holds = bool(self.controls) and all(row.control.verdict in _HOLDS for row in self.controls)
        verdicts = all(row.verdict == "compliant" for row in [*self.documents, *self.frameworks])
        return whole and holds and verdicts and not self.contradicted and not book.failures()

    def _conclusion(self, result: Deliberation, findings: Sequence[Finding]) -> Conclusion:
        """A failing control is a finding only where the models carried it; a gap alone concludes nothing."""
        said = super()._conclusion(result, findings)
        return "inconclusive" if said == "findings" and not (self.failing or self.contradicted) else said

    def summary(self, conclusion: Conclusion, findings: Sequence[Finding]) -> Statement:
        if not self.frameworks:
            return stated("No evidence was put together. Nothing is attested, and nothing is known to hold.", [])
        parts: list[str] = []
        receipts: list[Receipt] = []
        for row in self.frameworks[:4]:
            verdict = row.verdict.replace("_", "-")
            parts.append(f"{row.framework} {row.version}: {verdict}, {row.holding} of {row.controls} controls hold.")
            receipts += [row.receipt(name) for name in ("framework", "version", "holding", "controls")]
        if len(self.frameworks) > 4:
            parts.append("Others are in the table.")
        return stated(" ".join(parts), receipts)

    def facts(self) -> list[Finding]:
        return self.numbered([*self._verdicts(), *self._contradictions()])

    def _verdicts(self) -> Iterator[Finding]:
        for row in [*self.failing, *self.gaps][:20]:
            gap = row.control.verdict in _GAPS
            what = (
                f"is {row.control.verdict}" if gap else f"does not hold (assets affected: {row.control.affected_count})"
            )
            yield Finding(
                id="f",
                statement=stated(f"{_name(row)} {what}.", _cited(row, "verdict", "affected_count")),
                kind="gap" if gap else "risk",
                severity=row.control.severity,
                asset_ids=row.affected_assets,
            )

    def _contradictions(self) -> Iterator[Finding]:
        for row in self.contradicted[:10]:
            name = f"{row.control.framework} {row.control.control_id}"
            cited = [_at(row, "control/framework", row.control.framework)]
            cited += [_at(row, "control/control_id", row.control.control_id)]
            text = f"{name} is on record as holding, and measured now it does not."
            yield Finding(id="f", statement=stated(text, cited), kind="risk")

    def severity_of(self, claim: Claim) -> RiskLevel | None:
        return next((row.control.severity for row in self.controls if _name(row) == claim.subject), None)

    def assets_of(self, claim: Claim) -> list[str]:
        return next((row.affected_assets for row in self.controls if _name(row) == claim.subject), list[str]())

    def borne_out(self, claim: Claim) -> bool:
        """A verdict only as the records have it; and why a control fails, no record says."""
        if self.kind_of(claim) == "cause":
            return False
        if claim.attribute != "verdict":
            return True
        known = {_name(row): row.control.verdict for row in self.controls}
        known_frameworks = {row.framework: row.verdict for row in self.frameworks}
        return claim.value == {**known, **known_frameworks}.get(claim.subject) and not claim.negated

    def options(self) -> list[Option]:
        return [self._remedy(row) for row in self.failing] + [self._fill(row) for row in self.gaps]

    def _remedy(self, row: ControlEvidenced) -> Option:
        task_type, how = _REMEDIES.get(row.control.measured_by, (None, "see to what it asks for"))
        text = f"For {_name(row)}, {how}: {row.control.affected_count} are affected."
        statement = stated(text, _cited(row, "affected_count"))
        advice = Recommendation(statement=statement, task_type=task_type, asset_ids=row.affected_assets[:200])
        return Option(advice, frozenset({row.control.framework, row.control.control_id}))

    def _fill(self, row: ControlEvidenced) -> Option:
        done = "attested" if row.control.measured_by == "attestation" else "audited"
        text = f"Have {_name(row)} {done}: until then it does not count as holding."
        advice = Recommendation(statement=stated(text, _cited(row)))
        return Option(advice, frozenset({row.control.framework, row.control.control_id}))

    def open_ends(self) -> list[str]:
        return ["Fresh audits or attestations of the controls without data."] if self.gaps else []

    def details(self) -> JsonObject:
        return {
            "documents": self.documents[:20],
            "frameworks": self.frameworks[:50],
            "controls": self.controls[:400],
            "measured": self.measured[:100],
        }


def _name(row: ControlEvidenced) -> str:
    return f"{row.control.framework} {row.control.control_id}"


def _cited(row: ControlEvidenced, *names: str) -> list[Receipt]:
    values = row.control.model_dump(mode="json")
    return [_at(row, f"control/{name}", values[name]) for name in ("framework", "control_id", *names)]


def _at(row: ControlEvidenced | ControlMeasured, name: str, value: str | int) -> Receipt:
    return Receipt(tool_call_id=row.tool_call_id, path=f"{row.path}/{name}", value=value)


def _urgency(row: ControlEvidenced) -> tuple[int, int, str]:
    order = ("non_compliant", "no_data", "stale")
    severities = ("critical", "high", "medium", "low")
    verdict = row.control.verdict
    return order.index(verdict) if verdict in order else len(order), severities.index(row.control.severity), _name(row)
