"""Reading assets from the estate, page by page, always in the caller's org."""

from __future__ import annotations

from tools.base import ToolContext
from tools.connectors.base import AssetQuery, Estate, EstateError
from tools.contracts.estate import Asset

PAGE_SIZE = 500


async def all_assets(estate: Estate, org: str, query: AssetQuery) -> list[Asset]:
    """Every asset that matches, in id order. Raises `EstateError`, also for a source that pages in circles."""
    found: list[Asset] = []
    cursor: str | None = None
    seen: set[str] = set()
    while True:
        page, cursor = await estate.assets(org, query, limit=PAGE_SIZE, cursor=cursor)
        # A connector that returns another tenant's row is broken: nothing of its answer is used.
        if any(asset.org_id != org for asset in page):
            raise EstateError(f"{estate.name} returned assets of another org. The answer was discarded.")
        found.extend(page)
        if cursor is None:
            return found
        if cursor in seen:
            raise EstateError(f"{estate.name} returned the page cursor {cursor!r} twice. The answer was discarded.")
        seen.add(cursor)


async def assets_by_id(estate: Estate, org: str, asset_ids: list[str]) -> dict[str, Asset]:
    """The known ones of these assets, by id. Unknown ids are absent."""
    known: dict[str, Asset] = {}
    wanted = sorted(set(asset_ids))
    for start in range(0, len(wanted), PAGE_SIZE):
        chunk = wanted[start : start + PAGE_SIZE]
        known.update({asset.id: asset for asset in await all_assets(estate, org, AssetQuery(ids=chunk))})
    return {asset_id: asset for asset_id, asset in known.items() if asset_id in set(wanted)}


async def callers_assets(asset_ids: list[str], context: ToolContext) -> dict[str, Asset]:
    """:func:`assets_by_id` in the caller's org."""
    return await assets_by_id(context.estate, context.caller.org, asset_ids)


def listed(items: list[str], *, at_most: int = 10) -> str:
    """`a, b and 3 more`: bounded, for messages that people and models read."""
    shown = ", ".join(item[:200] for item in items[:at_most])
    return shown if len(items) <= at_most else f"{shown} and {len(items) - at_most} more"
