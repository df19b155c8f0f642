"""`get_cost_recommendations`: what to change, machine by machine, from how each was used."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from tools.base import ToolContext, ToolError
from tools.connectors.base import AssetQuery
from tools.connectors.rows import every_row, require_own
from tools.contracts.billing import AssetUsage
from tools.contracts.estate import Asset
from tools.cost.models import (
    GetCostRecommendationsInput,
    GetCostRecommendationsOutput,
    KindTotal,
    Recommendation,
)
from tools.cost.money import dollars, exact
from tools.cost.savings import Saving, SavingKind, best_saving, is_watched
from tools.cost.sources import MAX_ROWS, PAGE, after, cost_source
from tools.fields import clipped
from tools.lookup import all_assets

MAX_LISTED = 50


async def get_cost_recommendations(
    given: GetCostRecommendationsInput, context: ToolContext
) -> GetCostRecommendationsOutput:
    """Raises `ToolError` when no machine's use is on record: nothing known is nothing to save."""
    org, source, name = context.caller.org, cost_source(context), context.estate.name
    query = AssetQuery(environment=given.environment)
    assets = {asset.id: asset for asset in await all_assets(context.estate, org, query)}
    found = await every_row(
        lambda cursor: source.asset_usage(org, environment=given.environment, limit=PAGE, cursor=cursor),
        org=org,
        source=name,
        what="machines",
        at_most=MAX_ROWS,
    )
    usage = {row.asset_id: row for row in found if row.asset_id in assets}
    if not usage:
        raise ToolError("Nothing was computed. How these machines are used is on no record.")
    sizes = list(require_own(await source.machine_sizes(org), org=org, source=name))
    savings: dict[str, Saving] = {}
    for asset_id, row in usage.items():
        saving = best_saving(
            row,
            assets[asset_id].environment,
            sizes,
            now=context.now(),
            headroom_percent=given.headroom_percent,
            kinds=given.kinds,
        )
        if saving is not None and saving.monthly_usd >= exact(given.minimum_saving_usd):
            savings[asset_id] = saving
    ordered = sorted(savings, key=lambda asset_id: (-savings[asset_id].monthly_usd, asset_id))
    start = after(given.cursor, ordered)
    page = ordered[start : start + given.limit]
    not_watched = _not_watched(assets, usage)
    known = {size.name for size in sizes}
    return GetCostRecommendationsOutput(
        computed_at=context.now(),
        recommendations=[_row(assets[asset_id], usage[asset_id], savings[asset_id]) for asset_id in page],
        total_recommendations=len(savings),
        total_saving_usd_month=dollars(sum((saving.monthly_usd for saving in savings.values()), Decimal(0))),
        by_kind=_by_kind(list(savings.values())),
        machines=len(assets),
        not_watched=len(not_watched),
        not_watched_ids=not_watched[:MAX_LISTED],
        unknown_size_ids=sorted(row.asset_id for row in usage.values() if row.size not in known)[:MAX_LISTED],
        returned=len(page),
        next_cursor=page[-1] if start + given.limit < len(ordered) else None,
    )


def _by_kind(savings: list[Saving]) -> list[KindTotal]:
    amounts: dict[SavingKind, list[Decimal]] = defaultdict(list)
    for saving in savings:
        amounts[saving.kind].append(saving.monthly_usd)
    return [
        KindTotal(kind=kind, recommendations=len(found), saving_usd_month=dollars(sum(found, Decimal(0))))
        for kind, found in sorted(amounts.items())
    ]


def _not_watched(assets: dict[str, Asset], usage: dict[str, AssetUsage]) -> list[str]:
    return sorted(
        asset.id
        for asset in assets.values()
        if asset.state == "running" and not (asset.id in usage and is_watched(usage[asset.id]))
    )


def _row(asset: Asset, usage: AssetUsage, saving: Saving) -> Recommendation:
    return Recommendation(
        asset_id=asset.id,
        environment=asset.environment,
        kind=saving.kind,
        size=clipped(usage.size, at_most=200),
        to_size=saving.to_size,
        now_usd_month=dollars(saving.now_usd),
        saving_usd_month=dollars(saving.monthly_usd),
        cpu_p95_percent=usage.cpu_p95_percent,
        memory_p95_percent=usage.memory_p95_percent,
        running_hours=usage.running_hours,
        busy_hours=usage.busy_hours,
        observed_days=usage.observed_days,
        stopped_at=usage.stopped_at,
        basis=clipped(saving.basis),
    )
