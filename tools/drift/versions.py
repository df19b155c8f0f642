"""Image families as ordered releases, and how far behind its target an asset is."""

from __future__ import annotations

from dataclasses import dataclass

from tools.base import ToolContext, ToolError
from tools.contracts.common import Platform
from tools.contracts.estate import Asset, Image
from tools.contracts.rollout import TargetImage, VersionComparison


@dataclass(frozen=True)
class Family:
    """One image family's versions, newest first, as the estate orders them."""

    name: str
    images: list[Image]

    def golden(self, platform: Platform | None = None) -> Image | None:
        """The newest signed `production` version, published on the platform when one is named."""
        for image in self.images:
            if image.signed and image.status == "production" and (platform is None or platform in image.platforms):
                return image
        return None

    def by_version(self, version: str | None) -> Image | None:
        return next((image for image in self.images if image.version == version), None)

    def releases_behind(self, current: Image, target: Image) -> int:
        """Releases between the two; negative when `current` is the newer."""
        return self.images.index(current) - self.images.index(target)


async def families_of(context: ToolContext) -> dict[str, Family]:
    """The org's families by name. Raises `EstateError` when the estate does not answer."""
    families: dict[str, list[Image]] = {}
    for image in await context.estate.images(context.caller.org):
        families.setdefault(image.family, []).append(image)
    return {name: Family(name=name, images=images) for name, images in families.items()}


async def family_of_image(image_id: str, context: ToolContext) -> tuple[Family, Image]:
    """The image and its family. Raises `ToolError` when the org has no such image."""
    families = await families_of(context)
    for family in families.values():
        for image in family.images:
            if image.id == image_id:
                return family, image
    raise ToolError(
        f"This org has no image with id {image_id!r}. Use the `image.id` that get_golden_image returned."
        f" Families: {', '.join(sorted(families)) or 'none'}."
    )


def target_of(image: Image) -> TargetImage:
    return TargetImage(id=image.id, family=image.family, version=image.version)


@dataclass(frozen=True)
class Standing:
    """Where an asset stands against a target: `comparison` when it is behind, else why it cannot be moved."""

    asset: Asset
    comparison: VersionComparison | None
    compliant: bool = False
    obstacle: str = ""
    """Empty when `comparison` is set or the asset is compliant."""


def standing_of(asset: Asset, family: Family, target: Image) -> Standing:
    """Compares one asset with the target. An asset that could not be rolled back counts as not comparable."""
    current = family.by_version(asset.image_version)
    obstacle = ""
    if asset.image_family != family.name:
        obstacle = f"runs {asset.image_family or 'an unknown image'}, not {family.name}"
    elif asset.state != "running":
        obstacle = f"is {asset.state}, not running"
    elif current is None:
        obstacle = f"runs {asset.image_version or 'an unknown version'}, which is no known version of {family.name}"
    elif current.id == target.id:
        return Standing(asset=asset, comparison=None, compliant=True)
    elif asset.platform not in target.platforms:
        obstacle = f"is on {asset.platform}, where {target.version} is not published"
    elif family.releases_behind(current, target) < 0:
        obstacle = f"runs {current.version}, which is newer than {target.version}"
    if obstacle or current is None:
        return Standing(asset=asset, comparison=None, obstacle=obstacle)
    return Standing(
        asset=asset,
        comparison=VersionComparison(
            asset_id=asset.id,
            platform=asset.platform,
            current_version=current.version,
            target_version=target.version,
            releases_behind=family.releases_behind(current, target),
        ),
    )
