"""The image agent's output (ADR-007)."""

from __future__ import annotations

from typing import Literal

from tools.contracts.plan import Plan


class ImageSpec(Plan):
    """What a golden image is to be built from, or promoted to."""

    kind: Literal["ImageSpec"] = "ImageSpec"
    family: str
    version: str
