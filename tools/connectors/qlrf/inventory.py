"""QL-RF's assets and images, as the estate protocol has them."""

from __future__ import annotations

import asyncio
from functools import cmp_to_key
from typing import Literal

from tools.advisories.versions import UnreadableVersion, compare_versions
from tools.connectors.base import AssetQuery, EstateError
from tools.connectors.qlrf.client import segment
from tools.connectors.qlrf.errors import QlrfError, unsupported
from tools.connectors.qlrf.paging import all_rows
from tools.connectors.qlrf.source import QlrfSource
from tools.connectors.qlrf.wire import WireAsset, WireImage, read_object
from tools.contracts.common import Environment
from tools.contracts.estate import Asset, AssetHealth, ChangeResult, Image, ImageStatus
from tools.contracts.pipeline import ImageChange
from tools.contracts.taskspec import TimeWindow

ONE_BY_ONE = 20
"""Up to this many assets are asked for by id; more are picked from the whole list."""
AT_ONCE = 5
"""Requests."""
STAGES: dict[ImageStatus, ImageStatus] = {
    "draft": "dev",
    "dev": "staging",
    "staging": "production",
    "production": "deprecated",
}
BEFORE: dict[ImageStatus, ImageStatus] = {following: stage for stage, following in STAGES.items()}


class QlrfInventory(QlrfSource):
    """Implements `Estate` and `ImagePromoter`. QL-RF has no change windows, no health and no rollouts."""

    async def assets(
        self, org: str, query: AssetQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[Asset], str | None]:
        """In id order, which QL-RF's own pages do not have: all that may match are read, then cut into pages."""
        self._require_org(org)
        if limit < 1:
            raise EstateError(f"A page holds at least 1 asset; got {limit}.")
        if 0 < len(query.ids) <= ONE_BY_ONE:
            found = await self._by_id(query.ids)
        else:
            found = await self._all(query)
        matching = sorted((asset for asset in found if _matches(asset, query)), key=lambda asset: asset.id)
        after = [asset for asset in matching if cursor is None or asset.id > cursor]
        page = after[:limit]
        return page, page[-1].id if len(after) > limit else None

    async def images(self, org: str, *, family: str | None = None) -> list[Image]:
        self._require_org(org)
        asked = "GET /images"
        rows = await all_rows(self.client, "/images", "images", WireImage)
        images = [self._image(row, asked) for row in rows if family is None or row.family == family]
        return _in_order(images)

    async def maintenance_window(self, org: str, environment: Environment, sites: list[str]) -> TimeWindow | None:
        """QL-RF knows of none: no window is known in which anything may be changed."""
        self._require_org(org)
        return None

    async def health(self, org: str, asset_ids: list[str]) -> list[AssetHealth]:
        self._require_org(org)
        raise unsupported(f"for the health of {len(asset_ids)} assets")

    async def apply_image(
        self,
        org: str,
        asset_ids: list[str],
        image_id: str,
        *,
        idempotency_key: str,
        kind: Literal["rollout", "rollback"],
    ) -> list[ChangeResult]:
        self._require_org(org)
        raise unsupported(f"for a {kind} of {image_id[:80]!r} to {len(asset_ids)} assets")

    async def promote_image(
        self, org: str, image_id: str, to_status: ImageStatus, *, idempotency_key: str
    ) -> ImageChange:
        """QL-RF keeps no keys. It is looked at first and again afterwards, so that a repeated call changes nothing."""
        self._require_org(org)
        before = await self._one_image(image_id)
        if before.status == to_status:
            return self._change(before, BEFORE.get(to_status))
        if STAGES.get(before.status) != to_status:
            raise EstateError(
                f"{image_id[:80]} is {before.status}, which {STAGES.get(before.status, 'nothing')} follows; not"
                f" {to_status}. Nothing was changed."
            )
        await self.client.post(f"/images/{segment(image_id)}/promote", {"status": to_status})
        after = await self._one_image(image_id)
        if after.status != to_status:
            asked = f"POST /images/{segment(image_id)}/promote"
            raise QlrfError("failed", asked, f"it said yes, and the image is {after.status}, not {to_status}.")
        return self._change(after, before.status)

    def _change(self, image: Image, from_status: ImageStatus | None) -> ImageChange:
        return ImageChange(
            org_id=self.org, image_id=image.id, from_status=from_status, to_status=image.status, at=self.now()
        )

    async def _one_image(self, image_id: str) -> Image:
        for image in await self.images(self.org):
            if image.id == image_id:
                return image
        raise EstateError(f"QL-RF has no image {image_id[:80]!r}. Nothing was changed.")

    async def _all(self, query: AssetQuery) -> list[Asset]:
        """What QL-RF can narrow by, it narrows by; the rest is done here."""
        narrowed: dict[str, str] = {}
        if len(query.platforms) == 1:
            narrowed["platform"] = query.platforms[0]
        if query.state is not None:
            narrowed["state"] = query.state
        env_ids = [env_id for env_id, name in self._known_environments().items() if name == query.environment]
        if len(env_ids) == 1 and env_ids[0]:
            narrowed["env_id"] = env_ids[0]
        rows = await all_rows(self.client, "/assets", "assets", WireAsset, narrowed)
        return [self._asset(row, "GET /assets") for row in rows]

    async def _by_id(self, asset_ids: list[str]) -> list[Asset]:
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(asset_id: str) -> Asset | None:
            path = f"/assets/{segment(asset_id)}"
            async with turns:
                try:
                    answer = await self.client.get(path)
                except QlrfError as error:
                    if error.kind == "missing":
                        return None
                    raise
            asset = self._asset(read_object(WireAsset, answer, f"GET {path}"), f"GET {path}")
            if asset.id != asset_id:
                raise QlrfError("malformed", f"GET {path}", f"it answered with asset {asset.id[:80]!r}.")
            return asset

        found = await asyncio.gather(*(one(asset_id) for asset_id in dict.fromkeys(asset_ids)))
        return [asset for asset in found if asset is not None]

    def _asset(self, row: WireAsset, asked: str) -> Asset:
        self._require_remote(row.org_id, asked)
        return Asset(
            id=row.id,
            org_id=self.org,
            environment=self._environment(row.env_id, of=f"asset {row.id[:80]}", asked=asked),
            platform=row.platform,
            account=row.account,
            region=row.region,
            site=row.site_id or row.site,
            instance_id=row.instance_id,
            name=row.name or row.instance_id or row.id,
            image_family=row.image_ref,
            image_version=row.image_version,
            state=row.state,
            tags=row.tags or {},
            updated_at=row.updated_at,
        )

    def _image(self, row: WireImage, asked: str) -> Image:
        self._require_remote(row.org_id, asked)
        return Image(
            id=row.id,
            org_id=self.org,
            family=row.family,
            version=row.version,
            os_name=row.os_name or "unknown",
            os_version=row.os_version or "unknown",
            cis_level=row.cis_level,
            signed=row.signed,
            status=row.status,
            platforms=sorted({coordinate.platform for coordinate in row.coordinates or []}),
            created_at=row.created_at,
            sbom_url=row.sbom_url,
        )


def _matches(asset: Asset, query: AssetQuery) -> bool:
    return (
        (query.environment is None or asset.environment == query.environment)
        and (not query.platforms or asset.platform in query.platforms)
        and (not query.regions or asset.region in query.regions)
        and (not query.sites or asset.site in query.sites)
        and (not query.ids or asset.id in query.ids)
        and (query.image_family is None or asset.image_family == query.image_family)
        and (query.state is None or asset.state == query.state)
        and all(asset.tags.get(tag.key) == tag.value for tag in query.tags)
    )


def _in_order(images: list[Image]) -> list[Image]:
    """By family, the newest first: by when they were made where QL-RF says so of all, else by version number."""
    families: dict[str, list[Image]] = {}
    for image in images:
        families.setdefault(image.family, []).append(image)
    return [image for name in sorted(families) for image in _newest_first(families[name])]


def _newest_first(family: list[Image]) -> list[Image]:
    by_id = sorted(family, key=lambda image: image.id)
    made = [(image.created_at, image) for image in by_id if image.created_at is not None]
    if len(made) == len(by_id):
        return [image for _, image in sorted(made, key=lambda row: row[0], reverse=True)]
    return sorted(by_id, key=cmp_to_key(_newer), reverse=True)


def _newer(first: Image, second: Image) -> int:
    try:
        # PEP 440 reads what image versions look like: 1.4.0, 2026.09.03.
        return compare_versions("PyPI", first.version, second.version)
    except UnreadableVersion as error:
        raise EstateError(
            f"The versions {first.version[:40]!r} and {second.version[:40]!r} of {first.family[:80]} cannot be put in"
            " order, so it cannot be said which is the newest."
        ) from error
