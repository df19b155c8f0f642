"""The incident agent's output (ADR-007)."""

from __future__ import annotations

from typing import Literal

from tools.contracts.outputs.report import Report


class IncidentAnalysis(Report):
    """What happened, why, and how sure that is."""

    kind: Literal["IncidentAnalysis"] = "IncidentAnalysis"
