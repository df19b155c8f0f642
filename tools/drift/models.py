"""What the drift tools take and give. Their JSON Schemas are what models, gates and the dispatcher see."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tools.contracts.change import ChangeOutput
from tools.contracts.common import Contract, Environment, Platform
from tools.contracts.plan import AssetExpectation, HealthCheck, Phase, Rollback
from tools.contracts.rollout import Simulation, TargetImage, VersionComparison
from tools.contracts.taskspec import Tag, TimeWindow
from tools.fields import AssetIds, Cursor, Id, Names

MAX_CHANGED = 2000
"""Assets of one call that changes or checks them."""


class QueryAssetsInput(Contract):
    environment: Environment | None = None
    platforms: Annotated[list[Platform], Field(max_length=5)] = []
    regions: Names = []
    sites: Names = []
    asset_ids: AssetIds = []
    tags: Annotated[list[Tag], Field(max_length=20)] = []
    image_family: Id | None = None
    state: Id | None = None
    limit: int = Field(default=200, ge=1, le=500)
    cursor: Cursor | None = None


class AssetRow(Contract):
    id: str
    name: str
    environment: Environment
    platform: Platform
    region: str | None
    site: str | None
    image_family: str | None
    image_version: str | None
    state: str
    tags: dict[str, str]
    fingerprint: str


class QueryAssetsOutput(Contract):
    assets: list[AssetRow]
    total: int
    """Rows in this page."""
    next_cursor: str | None


class GetGoldenImageInput(Contract):
    family: Id
    platform: Platform | None = None


class GetGoldenImageOutput(Contract):
    """The newest signed `production` version of the family (published on the platform, when one is named)."""

    image: TargetImage
    os_name: str
    os_version: str
    signed: bool
    platforms: list[Platform]
    previous_versions: list[str]
    """Newest first."""


class GetDriftStatusInput(Contract):
    environment: Environment | None = None
    image_family: Id | None = None


class DriftStatusRow(Contract):
    environment: Environment
    platform: Platform
    image_family: str
    total_assets: int
    compliant_assets: int
    coverage_pct: float
    status: Literal["healthy", "warning", "critical"]
    """healthy ≥ 90, warning ≥ 70, critical below."""


class GetDriftStatusOutput(Contract):
    rows: list[DriftStatusRow]


class CompareVersionsInput(Contract):
    asset_ids: list[Id] = Field(min_length=1, max_length=500)
    target_image_id: Id


class CompareVersionsOutput(Contract):
    target_image: TargetImage
    drifted: list[VersionComparison]
    compliant_asset_ids: list[str]
    not_comparable: list[str]
    """Assets of another family, not published for their platform, unknown, or not running; they are not changed."""


class GeneratePatchPlanInput(Contract):
    asset_ids: list[Id] = Field(min_length=1, max_length=500)
    target_image_id: Id
    canary_size: int = Field(default=1, ge=1)
    max_batch_percent: float = Field(default=20, gt=0, le=100)
    wait_seconds: int = Field(default=60, ge=0, le=7 * 86400)
    health_checks: Annotated[list[HealthCheck], Field(max_length=10)] = []
    """Empty: heartbeat, http_ok, version_matches and error_rate_below 5 %."""


class GeneratePatchPlanOutput(Contract):
    """Phases computed from the parameters as given. It does not judge them: the gates do."""

    plan_id: str
    environment: Environment
    target_image: TargetImage
    phases: list[Phase]
    rollback: Rollback
    expectations: list[AssetExpectation]
    version_comparison: list[VersionComparison]
    maintenance_window: TimeWindow | None


class SimulateRolloutInput(Contract):
    plan_id: Id


class SimulateRolloutOutput(Contract):
    simulation: Simulation


class ExecuteRolloutInput(Contract):
    """For `execute_rollout_nonprod` and `execute_rollout_prod`, and for the rollback of either."""

    asset_ids: list[Id] = Field(min_length=1, max_length=MAX_CHANGED)
    target_image_id: Id
    rollback: bool = False


class ExecuteRolloutOutput(ChangeOutput):
    """An outcome for each asset, in the order they were named."""


class CheckHealthInput(Contract):
    asset_ids: list[Id] = Field(min_length=1, max_length=MAX_CHANGED)
    checks: list[HealthCheck] = Field(min_length=1, max_length=10)
    target_version: Id | None = None


class HealthFinding(Contract):
    asset_id: str
    check: str
    ok: bool
    observed: str


class CheckHealthOutput(Contract):
    healthy: bool
    findings: list[HealthFinding]
    """Failing checks only; empty when healthy."""
    checked_assets: int
