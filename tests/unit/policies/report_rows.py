"""Decisions on reports."""

from __future__ import annotations

from tests.unit.policies.decision_rows import row, same
from tests.unit.policies.documents import both, put

REPORTS = (
    row("reports", "a good report", same),
    row("reports", "nothing handed over", put("report.hands_over_to", None)),
    row("reports", "inconclusive", both(put("report.conclusion", "inconclusive"), put("report.evidence", []))),
    row("reports", "another org", put("report.org", "T0OTHER"), "report.org"),
    row("reports", "a plan that calls itself a report", put("report.kind", "ImageSpec"), "report.kind"),
    row("reports", "another environment", put("report.environment", "staging"), "report.environment"),
    row("reports", "a conclusion nobody knows", put("report.conclusion", "compliant"), "report.conclusion"),
    row(
        "reports",
        "healthy on nothing",
        both(put("report.conclusion", "healthy"), put("report.evidence", []), put("report.findings", [])),
        "report.no_evidence",
        "report.compliance_evidence",
    ),
    row(
        "reports",
        "compliant by a list of assets",
        put("report.evidence", ["query_assets"]),
        "report.compliance_evidence",
    ),
    row("reports", "findings without any", put("report.findings", []), "report.no_findings"),
    row(
        "reports",
        "a finding that cites nothing",
        put("report.findings.0.receipts", 0),
        "report.finding_without_receipt",
    ),
    row("reports", "a report with phases", put("report.fields", ["phases"]), "report.has_actions"),
    row("reports", "handed over to itself", put("report.hands_over_to", "compliance_audit"), "report.handover"),
    row("reports", "handed over to nobody", put("report.hands_over_to", "root"), "report.handover"),
)
