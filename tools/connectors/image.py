"""Where golden images come from and are promoted. A connector implements what its source has."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from tools.contracts.estate import ImageStatus
from tools.contracts.pipeline import BaseImage, ImageChange, ImageCheck, ImageContract, ImageStandard


@runtime_checkable
class ImageStandardSource(Protocol):
    """Every method takes the org first, from the caller. Raises `EstateError` when the source cannot answer."""

    async def base_images(self, org: str) -> list[BaseImage]:
        """Every image that is a base for others, in id order, whatever its status."""
        ...

    async def image_standard(self, org: str) -> ImageStandard | None:
        """None: the org has set none, which is not a standard that everything meets."""
        ...

    async def image_checks(self, org: str, image_id: str) -> list[ImageCheck]:
        """The last result of each test that was run on the image, in name order."""
        ...


@runtime_checkable
class ImageBuilder(Protocol):
    def image_id_of(self, contract: ImageContract) -> str:
        """What the source will call the image that is built to this contract. Nothing is asked and nothing built."""
        ...

    async def build_image(self, org: str, contract: ImageContract, *, idempotency_key: str) -> ImageChange:
        """Build and test a draft. The same key again builds nothing and answers the same.

        Raises `EstateError`, with nothing built, for a contract it cannot build to and a version that is there.
        """
        ...


@runtime_checkable
class ImagePromoter(Protocol):
    async def promote_image(
        self, org: str, image_id: str, to_status: ImageStatus, *, idempotency_key: str
    ) -> ImageChange:
        """Move an image one stage on. The same key again changes nothing and answers the same.

        Raises `EstateError`, with nothing changed, for an unknown image and a stage that does not follow.
        """
        ...
