"""Images in a message to a model: what they are is read from their first bytes, never from what somebody calls them."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Literal

MediaType = Literal["image/png", "image/jpeg", "image/gif", "image/webp"]
"""What all providers with eyes take."""

MOST_BYTES = 3_750_000
"""Of one image: 5 MB as base64, which is the least that any of the providers takes (Anthropic, Bedrock)."""

MOST_IMAGES = 8
"""In one request."""

MOST_BYTES_TOGETHER = 12_000_000
"""In one request: 16 MB as base64, below the 20 MB that Gemini and Bedrock take."""

_DATA_URL = re.compile(r"data:image/[a-z+.-]{1,20};base64,", re.IGNORECASE)


class ImageRefused(ValueError):
    """The image is not sent to any model. The message says what is wrong with it, and what would be right."""


@dataclass(frozen=True)
class Image:
    """One image. Make it with :meth:`of` or :meth:`of_data_url`, which look at it first."""

    media_type: MediaType
    data: bytes = field(repr=False)

    @classmethod
    def of(cls, data: bytes) -> Image:
        """Raises :class:`ImageRefused` for what is too large, empty or no PNG, JPEG, GIF or WebP."""
        if len(data) > MOST_BYTES:
            size, most = len(data) / 1e6, MOST_BYTES / 1e6
            raise ImageRefused(f"The image has {size:.1f} MB; models take at most {most:.2f} MB. Send a smaller one.")
        media_type = _media_type(data)
        if media_type is None:
            raise ImageRefused("The image is no PNG, JPEG, GIF or WebP, which are all that models read. Convert it.")
        return cls(media_type, data)

    @classmethod
    def of_data_url(cls, url: str) -> Image:
        """From `data:image/…;base64,…`. The type that the URL states is not believed. Raises :class:`ImageRefused`."""
        head = _DATA_URL.match(url)
        if head is None:
            raise ImageRefused(
                "The image is no data URL (data:image/png;base64,…); addresses of images are not fetched."
            )
        if len(url) > 4 * (MOST_BYTES // 3 + 3) + len(head[0]):
            raise ImageRefused(f"The image is too large; models take at most {MOST_BYTES / 1e6:.2f} MB.")
        try:
            data = base64.b64decode(url[head.end() :], validate=True)
        except ValueError:  # `binascii.Error` is one; what is not even ASCII is another
            raise ImageRefused("The image's data URL holds no base64.") from None
        return cls.of(data)

    @property
    def data_url(self) -> str:
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode()}"


def check_together(images: tuple[Image, ...]) -> None:
    """Raises :class:`ImageRefused` when they are too many, or too much, for one request."""
    if len(images) > MOST_IMAGES:
        raise ImageRefused(f"{len(images)} images are too many for one question; send at most {MOST_IMAGES}.")
    if (size := sum(len(image.data) for image in images)) > MOST_BYTES_TOGETHER:
        most = MOST_BYTES_TOGETHER / 1e6
        raise ImageRefused(f"The images have {size / 1e6:.1f} MB together; one question takes at most {most:.0f} MB.")


def _media_type(data: bytes) -> MediaType | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return None
