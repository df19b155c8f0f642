"""`calculate_blast_radius`: what goes with these assets when they are lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tools.base import ToolContext, ToolError
from tools.connectors.base import AssetQuery
from tools.connectors.rows import require_own
from tools.contracts.common import Environment, RiskLevel
from tools.contracts.estate import Asset
from tools.lookup import all_assets, callers_assets, listed
from tools.security.dependents import Dependent, dependents_of
from tools.security.models import (
    CalculateBlastRadiusInput,
    CalculateBlastRadiusOutput,
    CapacityRow,
    DependentRow,
)
from tools.security.sources import topology_source

SERVICE_TAG = "role"
ENVIRONMENTS: tuple[Environment, ...] = ("production", "staging", "development")
HALF = 50.0
"""Percent."""
Place = tuple[str, str, Environment]
"""Service, site (empty: unknown), environment."""


async def calculate_blast_radius(given: CalculateBlastRadiusInput, context: ToolContext) -> CalculateBlastRadiusOutput:
    asked = list(dict.fromkeys(given.asset_ids))
    known = await callers_assets(asked, context)
    if missing := [asset_id for asset_id in asked if asset_id not in known]:
        raise ToolError(f"Nothing was computed. These assets are not in the estate: {listed(missing)}.")
    org = context.caller.org
    edges = require_own(await topology_source(context).dependencies(org), org=org, source=context.estate.name)
    hit = [known[asset_id] for asset_id in asked]
    there = {asset.environment for asset in hit}
    environments: list[Environment] = [environment for environment in ENVIRONMENTS if environment in there]
    running = [
        asset
        for environment in environments
        for asset in await all_assets(context.estate, org, AssetQuery(environment=environment, state="running"))
    ]
    capacity = _capacity(hit, running)
    dependents: list[tuple[Environment, Dependent]] = [
        (environment, dependent)
        for environment in environments
        for dependent in dependents_of({_service(asset) for asset in hit if asset.environment == environment}, edges)
    ]
    reached = _assets_of({(environment, dependent.service) for environment, dependent in dependents}, running)
    reachable = [asset for asset in reached if asset.id not in known]
    rows = [_dependent_row(environment, dependent, running) for environment, dependent in dependents]
    hit_running = sum(asset.state == "running" for asset in hit)
    percent = round(100 * hit_running / len(running), 2) if running else 0.0
    level, reasons = _level(capacity, rows, running)
    return CalculateBlastRadiusOutput(
        direct_assets=len(hit),
        direct_percent=percent,
        reachable_assets=len(reachable),
        critical_assets=_critical(hit, capacity),
        services=sorted({_service(asset) for asset in hit})[:200],
        sites=sorted({asset.site for asset in hit if asset.site})[:200],
        platforms=sorted({str(asset.platform) for asset in hit}),
        owners=sorted({asset.tags["owner"] for asset in [*hit, *reachable] if asset.tags.get("owner")})[:200],
        capacity=capacity[:300],
        dependents=rows[:200],
        level=level,
        reasons=reasons[:10],
    )


def _service(asset: Asset) -> str:
    """What the asset is part of; an asset without the tag stands for itself."""
    return asset.tags.get(SERVICE_TAG) or asset.name


def _place(asset: Asset) -> Place:
    return _service(asset), asset.site or "", asset.environment


def _capacity(hit: list[Asset], running: list[Asset]) -> list[CapacityRow]:
    before = Counter(_place(asset) for asset in running)
    lost = Counter(_place(asset) for asset in hit if asset.state == "running")
    rows = [
        CapacityRow(
            service=service,
            site=site or None,
            environment=environment,
            lost=count,
            running=before[service, site, environment],
            left_percent=round(100 * (1 - count / before[service, site, environment]), 2),
        )
        for (service, site, environment), count in lost.items()
    ]
    return sorted(rows, key=lambda row: (row.left_percent, row.service, row.site or "", row.environment))


def _assets_of(services: set[tuple[Environment, str]], running: list[Asset]) -> list[Asset]:
    return [asset for asset in running if (asset.environment, _service(asset)) in services]


def _dependent_row(environment: Environment, dependent: Dependent, running: list[Asset]) -> DependentRow:
    return DependentRow(
        service=dependent.service,
        environment=environment,
        path=list(dependent.path[:20]),
        kind=dependent.kind,
        assets=len(_assets_of({(environment, dependent.service)}, running)),
    )


def _critical(hit: list[Asset], capacity: list[CapacityRow]) -> int:
    emptied = {(row.service, row.site or "", row.environment) for row in capacity if row.left_percent == 0}
    return sum(
        asset.environment == "production" and (asset.tags.get("tier") == "data" or _place(asset) in emptied)
        for asset in hit
    )


def _level(
    capacity: Sequence[CapacityRow], dependents: Sequence[DependentRow], running: Sequence[Asset]
) -> tuple[RiskLevel, list[str]]:
    """The worst rule that holds, and where it does.

    critical: a production service loses all it has, everywhere; high: it loses a whole site, and another service
    cannot do without it; medium: it loses half of a site or more; low: anything else.
    """
    production = [row for row in capacity if row.environment == "production"]
    have = Counter(_service(asset) for asset in running if asset.environment == "production")
    lost: Counter[str] = Counter()
    for row in production:
        lost[row.service] += row.lost
    if gone := sorted(service for service, count in lost.items() if count == have[service]):
        return "critical", [f"production loses all of {service}" for service in gone]
    needed = {row.path[0] for row in dependents if row.kind == "hard" and row.environment == "production"}
    emptied = [row for row in production if row.left_percent == 0 and row.service in needed]
    if emptied:
        return "high", [
            f"{row.site or 'an unknown site'} loses all of {row.service}, which others need" for row in emptied
        ]
    halved = [row for row in production if row.left_percent <= HALF]
    if halved:
        return "medium", [
            f"{row.site or 'an unknown site'} loses {row.lost} of {row.running} of {row.service}" for row in halved
        ]
    return "low", ["no production service loses half of a site"]
