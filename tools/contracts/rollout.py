"""What plans that roll an image out are made of, besides phases."""

from __future__ import annotations

from pydantic import Field

from tools.contracts.common import Contract, Platform
from tools.contracts.plan import AssetId, Plan


class VersionComparison(Contract):
    asset_id: AssetId
    platform: Platform
    current_version: str
    target_version: str
    releases_behind: int = Field(ge=0)


class Simulation(Contract):
    """The result of `simulate_rollout` on this plan's phases."""

    id: str
    simulated_assets: int
    predicted_failures: int
    predicted_duration_seconds: int
    warnings: list[str] = []


class TargetImage(Contract):
    id: str
    family: str
    version: str


class RolloutPlan(Plan):
    """A plan that brings assets to one image, in phases."""

    target_image: TargetImage
    version_comparison: list[VersionComparison]
    simulation: Simulation | None = None
