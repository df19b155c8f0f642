"""`list_image_versions`: every version of every family, and what runs it."""

from __future__ import annotations

from collections import Counter

from tools.base import ToolContext
from tools.connectors.base import AssetQuery
from tools.contracts.estate import Image
from tools.drift.versions import Family
from tools.image.models import ImageVersionRow, ListImageVersionsInput, ListImageVersionsOutput
from tools.image.sources import own_images
from tools.lookup import all_assets
from tools.paging import page_of


async def list_image_versions(given: ListImageVersionsInput, context: ToolContext) -> ListImageVersionsOutput:
    """A family that the org does not have is an empty list: there is nothing of it."""
    families: dict[str, list[Image]] = {}
    for image in await own_images(context):
        families.setdefault(image.family, []).append(image)
    golden = {
        found.id
        for name, images in families.items()
        if (found := Family(name=name, images=images).golden()) is not None
    }
    assets = await all_assets(context.estate, context.caller.org, AssetQuery(environment=given.environment))
    users = Counter((asset.image_family, asset.image_version) for asset in assets)
    rows = [
        ImageVersionRow(
            image_id=image.id,
            family=image.family,
            version=image.version,
            os_name=image.os_name,
            os_version=image.os_version,
            cis_level=image.cis_level,
            signed=image.signed,
            status=image.status,
            platforms=image.platforms,
            created_at=image.created_at,
            golden=image.id in golden,
            assets=users[image.family, image.version],
        )
        for name in sorted(families)
        for image in families[name]
        if _wanted(image, given)
    ]
    page, cursor = page_of(rows, lambda row: row.image_id, limit=given.limit, cursor=given.cursor)
    return ListImageVersionsOutput(images=page, returned=len(page), next_cursor=cursor)


def _wanted(image: Image, given: ListImageVersionsInput) -> bool:
    return (
        (given.family is None or image.family == given.family)
        and (given.status is None or image.status == given.status)
        and (given.platform is None or given.platform in image.platforms)
    )
