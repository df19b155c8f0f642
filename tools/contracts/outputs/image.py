"""The image agent's output (ADR-007)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tools.contracts.common import Contract
from tools.contracts.estate import ImageStatus
from tools.contracts.pipeline import ImageContract
from tools.contracts.plan import Plan, ResourceId


class ImageFinding(Contract):
    """What one check of `validate_image` found when the plan was written."""

    name: str
    status: Literal["pass", "fail", "unknown"]
    """`unknown`: there is nothing to tell it by, which is no pass."""
    observed: str = Field(max_length=600)


class ImageSpec(Plan):
    """What a golden image is built to, and how far it is promoted. It changes images and no machine."""

    kind: Literal["ImageSpec"] = "ImageSpec"
    operation: Literal["build", "promote"]
    image_id: ResourceId
    family: str
    version: str
    to_status: ImageStatus
    """Where it ends up."""
    contract: ImageContract | None = None
    """What it is built to; None for one that exists."""
    findings: list[ImageFinding] = Field(default=[], max_length=100)
    """Of one that exists. One that is built is checked by the plan's own phases."""
    replaces: ResourceId | None = None
    """The family's golden image."""
