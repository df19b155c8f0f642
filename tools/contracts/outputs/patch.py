"""The patch agent's output (ADR-007)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tools.contracts.advisory import Rating
from tools.contracts.common import Contract, RiskLevel
from tools.contracts.plan import AssetId
from tools.contracts.rollout import RolloutPlan


class Fix(Contract):
    """One vulnerability in one package of some assets, and the version that closes it."""

    vulnerability: str
    cve_id: str | None
    severity: Rating | None
    """None: nobody has rated it."""
    cvss_score: float | None
    ecosystem: str
    package: str
    installed_version: str
    fixed_version: str | None
    """As its advisory asks for; None: none is published."""
    asset_ids: list[AssetId]


class RiskFactor(Contract):
    """A part of a risk score: `weight` × `score` = `points`."""

    name: str
    weight: float = Field(ge=0, le=1)
    score: float = Field(ge=0, le=100)
    points: float = Field(ge=0, le=100)
    why: str


class ChangeRisk(Contract):
    """How much could go wrong with the rollout, as `calculate_risk_score` computed it. It permits nothing."""

    score: float = Field(ge=0, le=100)
    level: RiskLevel
    factors: list[RiskFactor]


class PatchRolloutPlan(RolloutPlan):
    """Closes vulnerabilities by rolling out the image that fixes them."""

    kind: Literal["PatchRolloutPlan"] = "PatchRolloutPlan"
    fixes: list[Fix] = Field(min_length=1, max_length=500)
    """What the assets have now and the target image has not; worst first."""
    remaining: list[Fix] = Field(max_length=500)
    """What the target image still has."""
    doubts: int = Field(default=0, ge=0)
    """Packages of the target image that could not be judged."""
    risk: ChangeRisk | None = None
    """None: it could not be computed."""
