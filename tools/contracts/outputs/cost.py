"""The cost agent's output (ADR-007)."""

from __future__ import annotations

from typing import Literal

from tools.contracts.outputs.report import Report


class CostOptimizationPlan(Report):
    """What the estate costs and what would make it cost less. Proposals only: nothing in it is executed."""

    kind: Literal["CostOptimizationPlan"] = "CostOptimizationPlan"
