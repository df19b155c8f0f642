"""The drift agent's output (ADR-007)."""

from __future__ import annotations

from typing import Literal

from tools.contracts.rollout import RolloutPlan


class DriftRemediationPlan(RolloutPlan):
    """Brings drifted assets back to their golden image."""

    kind: Literal["DriftRemediationPlan"] = "DriftRemediationPlan"
