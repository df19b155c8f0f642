"""The estate as its source gives it now."""

from __future__ import annotations

from collections.abc import Iterable

from tools.connectors.base import AssetQuery, Estate
from tools.contracts.estate import Asset

_PAGE = 500


async def observed_assets(estate: Estate, org: str, asset_ids: Iterable[str]) -> dict[str, Asset]:
    """Id → asset, of those that the org has. Raises `EstateError`."""
    ids = sorted(set(asset_ids))
    assets: dict[str, Asset] = {}
    for start in range(0, len(ids), _PAGE):
        query = AssetQuery(ids=ids[start : start + _PAGE])
        cursor: str | None = None
        while True:
            rows, cursor = await estate.assets(org, query, limit=_PAGE, cursor=cursor)
            assets.update({row.id: row for row in rows})
            if cursor is None:
                break
    return assets
