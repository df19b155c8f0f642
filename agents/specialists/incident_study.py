"""How the incident agent reads its evidence: a cause is what the data single out and the models carry, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from agents.orchestrator.brief import Deliberation
from agents.specialists.base import Conclusion
from agents.specialists.grounded import GroundedStudy, Option
from agents.specialists.incident_account import about, cause_of, in_time, moments_of, others_of
from agents.specialists.incident_options import incident_options
from agents.specialists.investigation import ToolDesk
from agents.specialists.receipts import ClaimReceipts
from agents.specialists.tables import items_of, read_list, read_to_the_end, read_whole, stated
from tools.contracts.common import JsonObject, RiskLevel
from tools.contracts.council import Claim
from tools.contracts.outputs.blast import BlastRadius
from tools.contracts.outputs.incident import AlertLookedInto, Cause
from tools.contracts.outputs.report import Conclusion as ReportConclusion
from tools.contracts.outputs.report import Finding
from tools.contracts.plan import Receipt
from tools.contracts.statement import Statement
from tools.drift.models import CheckHealthOutput, QueryAssetsOutput

_LEVELS: dict[str, RiskLevel] = {"critical": "critical", "warning": "medium", "info": "low"}
_NAMED = 3
"""Machines that the summary names."""


class IncidentStudy(GroundedStudy):
    kind: ClassVar[str] = "IncidentAnalysis"

    def __init__(self, desk: ToolDesk) -> None:
        super().__init__(desk)
        found = read_list(desk.book, "correlate_events", AlertLookedInto, name="correlations")
        self.alerts = list({alert.alert_id: alert for alert in found}.values())
        self.blast = next(reversed(read_whole(desk.book, "calculate_blast_radius", BlastRadius)), None)
        self.causes: list[Cause] = []

    def unjudgeable(self) -> str | None:
        if any(result.call.tool in ("query_alerts", "correlate_events") for result in self.desk.book.succeeded):
            return None
        return "Neither alerts nor changes could be read, so nothing is known of this incident."

    @property
    def healthy(self) -> bool:
        """No open alert, no error line, and a passed health check of everything that was asked about."""
        book = self.desk.book
        alerts = [row for result in book.succeeded for row in items_of(result.output or {}, "alerts")]
        lines = [row for result in book.succeeded for row in items_of(result.output or {}, "lines")]
        checks = list(book.outputs("check_health", CheckHealthOutput))
        scope = {row.id for page in book.outputs("query_assets", QueryAssetsOutput) for row in page.assets}
        checked = {
            asset
            for result in book.succeeded
            if result.call.tool == "check_health"
            for asset in result.call.params.get("asset_ids", [])
        }
        read = all(read_to_the_end(book, tool) for tool in ("query_assets", "query_alerts", "query_logs"))
        well = bool(checks) and all(check.healthy for check in checks) and bool(scope) and scope <= checked
        return read and well and not alerts and not lines and not self.alerts and not book.failures()

    def borne_out(self, claim: Claim) -> bool:
        """A cause only where the data single it out: coming before is not enough, however many say so."""
        return self.kind_of(claim) != "cause" or self._caused(claim) is not None

    def _caused(self, claim: Claim) -> AlertLookedInto | None:
        return next(
            (
                alert
                for alert in self.alerts
                if claim.subject in (alert.asset_id, alert.alert_id)
                and alert.likely_cause is not None
                and claim.value == alert.likely_cause
                and not claim.negated
            ),
            None,
        )

    def conclude(self, result: Deliberation, receipts: ClaimReceipts) -> Conclusion:
        agreed = {row.claim.key: row.agreement for row in result.outcome.tallies}
        for item in result.carried_claims:
            claim = receipts.proven(item)
            alert = self._caused(claim) if claim is not None and self.kind_of(claim) == "cause" else None
            if alert is not None:
                self.causes.append(cause_of(alert, agreed.get(item.key)))
        return super().conclude(result, receipts)

    def _conclusion(self, result: Deliberation, findings: Sequence[Finding]) -> ReportConclusion:
        stated_one = super()._conclusion(result, findings)
        return "inconclusive" if stated_one == "findings" and not self.causes else stated_one

    def summary(self, conclusion: ReportConclusion, findings: Sequence[Finding]) -> Statement:
        if conclusion == "healthy":
            checks = [
                Receipt(tool_call_id=result.call.id, path="/healthy", value=True)
                for result in self.desk.book.succeeded
                if result.call.tool == "check_health"
            ]
            return stated("Nothing is failing: no open alert, no error line, and every health check passed.", checks)
        known = {cause.alert_id for cause in self.causes}
        parts: list[str] = []
        receipts = [receipt for cause in self.causes[:_NAMED] for receipt in cause.statement.receipts]
        parts += [cause.statement.text for cause in self.causes[:_NAMED]]
        for alert in [alert for alert in self.alerts if alert.alert_id not in known][:_NAMED]:
            parts.append(f"No recorded change is singled out as the cause of what {about(alert)} has.")
            receipts.append(alert.receipt("asset_id" if alert.asset_id else "alert_id"))
        if not parts:
            parts = ["What was read does not show what is failing, nor that all is well."]
        return stated(" ".join(parts), receipts)

    def facts(self) -> list[Finding]:
        return self.numbered(
            Finding(
                id="f",
                statement=stated(
                    f"{about(alert)} is failing since {alert.onset_at.isoformat(timespec='minutes')[:16]}"
                    f" (alert {alert.alert_id}, error lines: {alert.error_lines}).",
                    [
                        alert.receipt(name)
                        for name in ("asset_id", "onset_at", "alert_id", "error_lines")
                        if name != "asset_id" or alert.asset_id
                    ],
                ),
                kind="fact",
                severity=_LEVELS[alert.severity],
                asset_ids=[alert.asset_id] if alert.asset_id else [],
            )
            for alert in self.alerts[:20]
        )

    def assets_of(self, claim: Claim) -> list[str]:
        return [claim.subject] if claim.subject in {alert.asset_id for alert in self.alerts} else []

    def severity_of(self, claim: Claim) -> RiskLevel | None:
        return next((_LEVELS[one.severity] for one in self.alerts if claim.subject == one.asset_id), None)

    def options(self) -> list[Option]:
        return incident_options(self.desk.book, self.alerts)

    def open_ends(self) -> list[str]:
        open_alerts = [alert for alert in self.alerts if alert.likely_cause is None]
        if self.healthy:
            return []
        if not self.alerts:
            return ["No alert that names a machine was found, so no onset could be computed."]
        unexplained = "For what is unexplained: records of changes shortly before, or of what these machines depend on."
        return [unexplained] if open_alerts else []

    def details(self) -> JsonObject:
        return {
            "alerts": self.alerts[:40],
            "causes": self.causes[:40],
            "not_the_cause": [other for alert in self.alerts for other in others_of(alert)][:100],
            "timeline": sorted((one for alert in self.alerts for one in moments_of(alert)), key=in_time)[:200],
            "blast_radius": self.blast,
        }
