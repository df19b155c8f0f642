"""The compliance agent's output (ADR-007)."""

from __future__ import annotations

from typing import Literal

from tools.contracts.outputs.report import Report


class ComplianceReport(Report):
    """Which controls hold, which do not, and on what evidence."""

    kind: Literal["ComplianceReport"] = "ComplianceReport"
