"""The security agent's output (ADR-007)."""

from __future__ import annotations

from typing import Literal

from tools.contracts.outputs.report import Report


class SecurityReport(Report):
    """What is vulnerable, what can reach it, and how far it would go."""

    kind: Literal["SecurityReport"] = "SecurityReport"
