"""The image pipeline's words: bases, the org's standard, the contract an image is built to, what was checked."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from tools.contracts.advisory import Rating
from tools.contracts.common import Contract, Platform
from tools.contracts.estate import ImageStatus

ImageCheckName = Literal["boot", "hardening", "agents", "denied_packages"]
IMAGE_CHECKS: tuple[ImageCheckName, ...] = ("boot", "hardening", "agents", "denied_packages")
"""`boot`: it starts on every platform; `hardening`: CIS at its level; `agents`: the monitoring agents are in it;
`denied_packages`: none of those is."""

FamilyName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=63)]
ImageVersion = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+){1,3}$", max_length=32)]
CisLevel = Annotated[int, Field(ge=1, le=2)]
PackageName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")]
EcosystemName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[!-~][ -~]*$")]


class BaseImage(Contract):
    """An operating system that images may be built from."""

    org_id: str
    id: str
    os_name: str
    os_version: str
    ecosystem: str
    """OSV's name of where its packages come from."""
    platforms: list[Platform]
    cis_level: int
    """The highest CIS level it can be hardened to."""
    approved: bool
    end_of_life: datetime | None
    """No security updates from here on; None: not announced."""


class ImageStandard(Contract):
    """What every image of the org must keep to."""

    org_id: str
    cis_level: int
    """At least."""
    agents: list[str]
    """Packages that watch the machine."""
    denied_packages: list[str]
    blocking_rating: Rating
    """An image with an open vulnerability of this rating or worse is not fit."""
    max_age_days: int


class PackageRequirement(Contract):
    ecosystem: EcosystemName
    name: PackageName
    minimum_version: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """By the ecosystem's own order; None: any version."""


class ImageContract(Contract):
    """What an image is built to. It names versions as minimums: the build takes the newest there is."""

    family: FamilyName
    version: ImageVersion
    purpose: str = Field(min_length=1, max_length=200)
    base_image_id: str = Field(min_length=1, max_length=128)
    platforms: list[Platform] = Field(min_length=1, max_length=5)
    cis_level: CisLevel
    packages: list[PackageRequirement] = Field(max_length=100)
    agents: list[PackageName] = Field(max_length=20)
    denied_packages: list[PackageName] = Field(max_length=100)
    checks: list[ImageCheckName] = Field(min_length=1, max_length=4)


class ImageCheck(Contract):
    """A result of the pipeline's own checks. One that was not run has no row, which is not a pass."""

    org_id: str
    image_id: str
    name: ImageCheckName
    passed: bool
    detail: str
    at: datetime


class ImageChange(Contract):
    """What a build or a promotion made of an image."""

    org_id: str
    image_id: str
    from_status: ImageStatus | None
    """None: the image was built by this call."""
    to_status: ImageStatus
    at: datetime
