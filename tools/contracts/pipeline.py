"""The image pipeline's words: bases, the org's standard, the contract an image is built to, what was checked."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from tools.contracts.advisory import Rating
from tools.contracts.common import Contract, Platform
from tools.contracts.estate import ImageStatus

_Name = Annotated[str, Field(min_length=1, max_length=128)]
Semver = Annotated[
    str,
    Field(
        pattern=r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$",
        max_length=64,
    ),
]


class BaseImage(Contract):
    """An operating system's image that others are built on. Whether it may be is in its row among the images."""

    org_id: str
    image_id: str
    ecosystem: str
    """OSV's name of where its packages come from."""
    cis_level: int
    """The highest CIS level it can be hardened to."""
    end_of_life: datetime | None
    """No security updates from here on; None: not announced."""


class ImageStandard(Contract):
    """What every image of the org must keep to."""

    org_id: str
    cis_level: int
    """At least."""
    hardening: list[str]
    """Measures that every image takes, e.g. `ssh_no_root_login`."""
    agents: dict[str, list[str]]
    """Monitoring agent → the packages that are it, in one distribution or another."""
    denied_packages: list[str]
    blocking_rating: Rating
    """An image with an open vulnerability of this rating or worse is not fit."""
    max_age_days: int


class PackagePin(Contract):
    name: _Name
    version: _Name | None = None
    """None: the newest that the mirrors have."""


class ImageContract(Contract):
    """What is asked of an image, as `generate_image_contract` writes it and `build_image` builds it."""

    family: _Name
    version: Semver
    os_name: _Name
    os_version: _Name
    purpose: str = Field(min_length=1, max_length=300)
    base_image_id: _Name
    cis_level: Annotated[int, Field(ge=1, le=2)] | None
    platforms: list[Platform] = Field(min_length=1, max_length=5)
    packages: list[PackagePin] = Field(max_length=500)
    denied_packages: list[_Name] = Field(max_length=500)
    hardening: list[_Name] = Field(max_length=200)
    monitoring_agents: list[_Name] = Field(max_length=20)


class ImageCheck(Contract):
    """A result of the pipeline's own tests. One that was not run has no row, which is not a pass."""

    org_id: str
    image_id: str
    name: str
    passed: bool
    observed: str
    at: datetime


class ImageChange(Contract):
    """What a build or a promotion made of an image."""

    org_id: str
    image_id: str
    from_status: ImageStatus | None
    """None: the image was built by this call."""
    to_status: ImageStatus
    at: datetime
