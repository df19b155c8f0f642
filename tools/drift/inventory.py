"""Read-only drift tools: what there is, what it should be, how far apart the two are."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from tools.base import ToolContext, ToolError
from tools.connectors.base import AssetQuery
from tools.contracts.common import Environment, Platform
from tools.drift.models import (
    AssetRow,
    CompareVersionsInput,
    CompareVersionsOutput,
    DriftStatusRow,
    GetDriftStatusInput,
    GetDriftStatusOutput,
    GetGoldenImageInput,
    GetGoldenImageOutput,
    QueryAssetsInput,
    QueryAssetsOutput,
)
from tools.drift.versions import families_of, family_of_image, standing_of, target_of
from tools.lookup import all_assets, callers_assets, listed

HEALTHY_FROM = 90.0
WARNING_FROM = 70.0
"""Percent of compliant assets: healthy from 90, warning from 70, critical below."""


async def query_assets(given: QueryAssetsInput, context: ToolContext) -> QueryAssetsOutput:
    query = AssetQuery(
        environment=given.environment,
        platforms=given.platforms,
        regions=given.regions,
        sites=given.sites,
        ids=given.asset_ids,
        tags=given.tags,
        image_family=given.image_family,
        state=given.state,
    )
    assets, cursor = await context.estate.assets(context.caller.org, query, limit=given.limit, cursor=given.cursor)
    rows = [
        AssetRow(
            id=asset.id,
            name=asset.name,
            environment=asset.environment,
            platform=asset.platform,
            region=asset.region,
            site=asset.site,
            image_family=asset.image_family,
            image_version=asset.image_version,
            state=asset.state,
            tags=asset.tags,
            fingerprint=asset.fingerprint,
        )
        for asset in assets
    ]
    return QueryAssetsOutput(assets=rows, total=len(rows), next_cursor=cursor)


async def get_golden_image(given: GetGoldenImageInput, context: ToolContext) -> GetGoldenImageOutput:
    families = await families_of(context)
    family = families.get(given.family)
    if family is None:
        raise ToolError(
            f"There is no image family {given.family!r}. Families: {listed(sorted(families), at_most=40) or 'none'}."
        )
    golden = family.golden(given.platform)
    if golden is None:
        where = f" published on {given.platform}" if given.platform else ""
        raise ToolError(f"Family {given.family!r} has no signed production version{where}: there is no golden image.")
    return GetGoldenImageOutput(
        image=target_of(golden),
        os_name=golden.os_name,
        os_version=golden.os_version,
        signed=golden.signed,
        platforms=golden.platforms,
        previous_versions=[image.version for image in family.images[family.images.index(golden) + 1 :]],
    )


async def get_drift_status(given: GetDriftStatusInput, context: ToolContext) -> GetDriftStatusOutput:
    query = AssetQuery(environment=given.environment, image_family=given.image_family, state="running")
    families, assets = await asyncio.gather(families_of(context), all_assets(context.estate, context.caller.org, query))
    counts: dict[tuple[Environment, Platform, str], list[bool]] = defaultdict(list)
    for asset in assets:
        if asset.image_family is None:
            continue
        family = families.get(asset.image_family)
        golden = family.golden(asset.platform) if family else None
        # Without a golden image nothing is compliant: the absence of a standard is not conformity.
        compliant = golden is not None and asset.image_version == golden.version
        counts[asset.environment, asset.platform, asset.image_family].append(compliant)
    return GetDriftStatusOutput(
        rows=[
            _status_row(environment, platform, family_name, compliant)
            for (environment, platform, family_name), compliant in sorted(counts.items())
        ]
    )


def _status_row(
    environment: Environment, platform: Platform, image_family: str, compliant: list[bool]
) -> DriftStatusRow:
    coverage = 100 * sum(compliant) / len(compliant)
    return DriftStatusRow(
        environment=environment,
        platform=platform,
        image_family=image_family,
        total_assets=len(compliant),
        compliant_assets=sum(compliant),
        coverage_pct=round(coverage, 2),
        status="healthy" if coverage >= HEALTHY_FROM else "warning" if coverage >= WARNING_FROM else "critical",
    )


async def compare_versions(given: CompareVersionsInput, context: ToolContext) -> CompareVersionsOutput:
    family, target = await family_of_image(given.target_image_id, context)
    known = await callers_assets(given.asset_ids, context)
    asked = list(dict.fromkeys(given.asset_ids))
    standings = {asset_id: standing_of(known[asset_id], family, target) for asset_id in asked if asset_id in known}
    return CompareVersionsOutput(
        target_image=target_of(target),
        drifted=[standing.comparison for standing in standings.values() if standing.comparison],
        compliant_asset_ids=[asset_id for asset_id, standing in standings.items() if standing.compliant],
        not_comparable=[asset_id for asset_id in asked if asset_id not in standings or standings[asset_id].obstacle],
    )
