"""The estate as the source that an image tool needs. One that has no such thing is an error."""

from __future__ import annotations

from tools.base import ToolContext, ToolError
from tools.connectors.base import EstateError
from tools.connectors.image import ImageBuilder, ImagePromoter, ImageStandardSource
from tools.contracts.estate import Image


def standard_source(context: ToolContext) -> ImageStandardSource:
    if isinstance(context.estate, ImageStandardSource):
        return context.estate
    raise EstateError(f"{context.estate.name} keeps no standard for images. Nothing was checked or written.")


def builder(context: ToolContext) -> ImageBuilder:
    if isinstance(context.estate, ImageBuilder):
        return context.estate
    raise EstateError(f"{context.estate.name} builds no images. Nothing was built.")


def promoter(context: ToolContext) -> ImagePromoter:
    if isinstance(context.estate, ImagePromoter):
        return context.estate
    raise EstateError(f"{context.estate.name} promotes no images. Nothing was changed.")


async def own_images(context: ToolContext) -> list[Image]:
    """The org's images, newest first. Raises `EstateError`, also for a source that returns another org's."""
    org = context.caller.org
    images = await context.estate.images(org)
    if any(image.org_id != org for image in images):
        raise EstateError(f"{context.estate.name} returned images of another org. The answer was discarded.")
    return images


async def one_image(image_id: str, context: ToolContext) -> Image:
    """Raises `ToolError` when the org has no such image."""
    for image in await own_images(context):
        if image.id == image_id:
            return image
    raise ToolError(f"This org has no image {image_id[:128]!r}. Use an `image_id` that list_image_versions returned.")
