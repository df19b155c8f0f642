"""Builds a plan that every gate lets through, and the world it is true in. Tests change one thing and see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Literal

from policies.gate import Catalog, JudgeContext
from tools.base import Tool
from tools.connectors.base import AssetQuery
from tools.contracts.common import Environment, JsonObject, RiskLevel
from tools.contracts.council import CouncilOutcome, MemberSummary
from tools.contracts.estate import Asset, AssetHealth, ChangeResult, Image
from tools.contracts.identity import Caller
from tools.contracts.outputs.drift import DriftRemediationPlan
from tools.contracts.plan import Action, AssetExpectation, Evidence, HealthCheck, Phase, Rollback, RollbackCondition
from tools.contracts.rollout import Simulation, TargetImage, VersionComparison
from tools.contracts.taskspec import Constraints, TaskContext, TaskSpec, TimeWindow
from tools.registry import build_registry

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
"""A Tuesday."""

ORG = "T0ACME"
TASK = f"{ORG}.C1.1000"
REQUESTER = "U0ASKER"
OLD, NEW = "1.4.0", "1.6.2"
WINDOW = TimeWindow(start=NOW - timedelta(hours=1), end=NOW + timedelta(hours=5))
CHECKS = [HealthCheck(kind="heartbeat"), HealthCheck(kind="error_rate_below", threshold=5)]
CALL = "call-1"


REGISTRY = build_registry()
CATALOG: Catalog = MappingProxyType(REGISTRY.catalog())
"""The real tools: a plan that is valid here is one that can run."""


def tool(name: str) -> Tool:
    found = REGISTRY.get(name)
    assert found is not None
    return found


class NoHistory:
    """Nothing was ever changed, unless a test says when; nothing is frozen, unless it says what."""

    def __init__(self, last: datetime | None = None, *, frozen: Sequence[JsonObject] = ()) -> None:
        self._last = last
        self.frozen = frozen

    async def last_change(self, org: str, environment: Environment, *, besides: str) -> datetime | None:
        assert (org, besides) == (ORG, TASK), environment
        return self._last

    async def freezes(self, org: str, *, now: datetime) -> list[JsonObject]:
        return list(self.frozen)


class MemoryEstate:
    """A connector over rows in memory: every org sees its own."""

    name = "memory"

    def __init__(self, assets: list[Asset], images: list[Image]) -> None:
        self.rows = {asset.id: asset for asset in assets}
        self._images = images

    async def assets(
        self, org: str, query: AssetQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[Asset], str | None]:
        after = cursor or ""
        found = sorted(
            (
                asset
                for asset in self.rows.values()
                if asset.org_id == org and asset.id > after and (not query.ids or asset.id in query.ids)
            ),
            key=lambda asset: asset.id,
        )
        page = found[:limit]
        return page, page[-1].id if len(found) > limit else None

    async def images(self, org: str, *, family: str | None = None) -> list[Image]:
        return [image for image in self._images if image.org_id == org and family in (None, image.family)]

    async def maintenance_window(self, org: str, environment: Environment, sites: list[str]) -> TimeWindow | None:
        return WINDOW if (org, environment) == (ORG, "production") or not sites else None

    async def health(self, org: str, asset_ids: list[str]) -> list[AssetHealth]:
        return [
            AssetHealth(asset_id=row.id, heartbeat=True, http_ok=True, error_rate_percent=0, image_version=OLD)
            for row in self.rows.values()
            if row.org_id == org and row.id in asset_ids
        ]

    async def apply_image(
        self,
        org: str,
        asset_ids: list[str],
        image_id: str,
        *,
        idempotency_key: str,
        kind: Literal["rollout", "rollback"],
    ) -> list[ChangeResult]:
        raise AssertionError(f"Nothing may change {asset_ids} ({org}, {image_id}, {idempotency_key}, {kind}) here.")


def image(version: str, *, org: str = ORG, family: str = "web-base") -> Image:
    return Image(
        id=f"{family}-{version}",
        org_id=org,
        family=family,
        version=version,
        os_name="Debian",
        os_version="12",
        signed=True,
        status="production",
        platforms=["aws", "azure"],
        created_at=NOW,
    )


def make_assets(count: int, *, environment: Environment = "production", org: str = ORG) -> list[Asset]:
    return [
        Asset(
            id=f"web-{number:04d}",
            org_id=org,
            environment=environment,
            platform="aws",
            name=f"web-{number}",
            image_family="web-base",
            image_version=OLD,
            state="running",
        )
        for number in range(1, count + 1)
    ]


def make_estate(count: int = 30, *, environment: Environment = "production") -> MemoryEstate:
    """The estate in which :func:`make_plan` of as many assets is true, and another org's asset beside it."""
    foreign = make_assets(1, org="T0OTHER")[0].model_copy(update={"id": "other-0001"})
    return MemoryEstate([*make_assets(count, environment=environment), foreign], [image(OLD), image(NEW)])


def action(action_id: str, asset_ids: list[str], *, environment: Environment, back: bool = False) -> Action:
    return Action(
        id=action_id,
        tool="execute_rollout_prod" if environment == "production" else "execute_rollout_nonprod",
        params={"asset_ids": asset_ids, "target_image_id": image(OLD if back else NEW).id, "rollback": back},
        asset_ids=asset_ids,
    )


def make_plan(
    count: int = 30, *, canary: int = 2, batch_percent: float = 20, environment: Environment = "production"
) -> DriftRemediationPlan:
    """Canary, wait, waves of at most `batch_percent` (at least one asset), verification, and the way back."""
    assets = make_assets(count, environment=environment)
    ids = [asset.id for asset in assets]
    size = max(1, int(count * batch_percent / 100))
    rest = ids[canary:]
    batches = [ids[:canary], *(rest[start : start + size] for start in range(0, len(rest), size))]
    changes = [
        Phase(
            name="Canary" if number == 0 else f"Wave {number}",
            type="canary" if number == 0 else "wave",
            asset_ids=batch,
            batch_percent=round(100 * len(batch) / count, 2),
            actions=[action(f"a{number}", batch, environment=environment)],
            health_checks=CHECKS,
        )
        for number, batch in enumerate(batches)
    ]
    plan = DriftRemediationPlan(
        org=ORG,
        task_id=TASK,
        revision=1,
        summary=f"Move {count} web servers to web-base {NEW}.",
        environment=environment,
        asset_ids=ids,
        phases=[
            changes[0],
            Phase(name="Wait", type="wait", wait_seconds=60),
            *changes[1:],
            Phase(name="Verify", type="verify", asset_ids=ids, batch_percent=100, health_checks=CHECKS),
        ],
        rollback=Rollback(
            conditions=[RollbackCondition(kind="health_check_failed")],
            actions=[action("r1", ids, environment=environment, back=True)],
        ),
        maintenance_window=WINDOW if environment == "production" else None,
        expectations=[
            AssetExpectation(asset_id=asset.id, fingerprint=asset.fingerprint, from_version=OLD, to_version=NEW)
            for asset in assets
        ],
        evidence=[Evidence(tool_call_id=CALL, tool="query_assets", result_digest="sha256:0", summary="assets")],
        target_image=TargetImage(id=image(NEW).id, family="web-base", version=NEW),
        version_comparison=[
            VersionComparison(
                asset_id=asset.id, platform="aws", current_version=OLD, target_version=NEW, releases_behind=2
            )
            for asset in assets
        ],
        simulation=Simulation(id="sim-1", simulated_assets=count, predicted_failures=0, predicted_duration_seconds=600),
    )
    ANSWERS[f"{CALL}-{count}-{canary}-{batch_percent}-{environment}"] = answer_of(plan)
    return plan


def answer_of(plan: DriftRemediationPlan) -> JsonObject:
    """What the planning tools answered, where the plan tells the truth."""
    return plan.model_dump(mode="json", include={"version_comparison", "simulation", "phases", "rollback"})


ANSWERS: dict[str, JsonObject] = {}
"""What the planning tools answered: one for each plan that was made."""


def make_council(*, consensus: bool = True, agreement: float | None = 0.9) -> CouncilOutcome:
    return CouncilOutcome(
        mode="council",
        requested_mode="council",
        members=[MemberSummary(name="A", model="a/a", family="a", state="answered", latency_ms=1)],
        nominal_votes=3,
        effective_votes=3,
        threshold=0.5,
        min_providers=2,
        tallies=[],
        agreement=agreement,
        dissent=[],
        consensus=consensus,
    )


def make_context(
    *,
    environment: Environment = "production",
    risk_level: RiskLevel = "high",
    council: CouncilOutcome | None = None,
    approval_expiry_seconds: int | None = None,
    contract: str = "DriftRemediationPlan",
    plan: DriftRemediationPlan | None = None,
) -> JudgeContext:
    """The context in which :func:`make_plan` passes. `plan`: what the tools said is what this plan says they said."""
    return JudgeContext(
        caller=Caller(org=ORG, user=REQUESTER, roles=["operator"], channel="C1"),
        spec=TaskSpec(
            id=TASK,
            task_type="drift_remediation",
            goal="Bring the web servers back to the golden image.",
            user_intent="fix drift",
            org=ORG,
            user=REQUESTER,
            environment=environment,
            context=TaskContext(),
            constraints=Constraints(),
            agents=["drift"],
            tools_required=[],
            risk_level=risk_level,
            approval_required=True,
            timeout_seconds=3600,
            mode="council",
            confidence=0.9,
        ),
        revision=1,
        agent="drift",
        contract=contract,
        council=council or make_council(),
        known_tool_calls=frozenset({CALL}),
        results=ANSWERS if plan is None else {CALL: answer_of(plan)},
        now=NOW,
        approval_expiry_seconds=approval_expiry_seconds,
    )
