"""What the image tools take and give. Their JSON Schemas are what models, gates and the dispatcher see."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tools.contracts.advisory import Rating
from tools.contracts.change import ChangeOutput
from tools.contracts.common import Contract, Environment, Platform
from tools.contracts.estate import ImageStatus
from tools.contracts.pipeline import ImageContract
from tools.fields import Id, Label, Moment, Paged, PageOutput, Text
from tools.security.models import Count, PackageName, Vulnerability

Family = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$")]
NoAssets = Annotated[list[Id], Field(max_length=0)]
"""Always empty: the call changes an image and no asset."""
Platforms = Annotated[list[Platform], Field(max_length=5)]


class ListImageVersionsInput(Paged):
    family: Id | None = None
    status: ImageStatus | None = None
    platform: Platform | None = None
    environment: Environment | None = None
    """Whose assets are counted."""


class ImageVersionRow(Contract):
    image_id: Id
    family: Id
    version: Id
    os_name: Label
    os_version: Label
    cis_level: int | None
    signed: bool
    status: ImageStatus
    platforms: Platforms
    created_at: Moment | None
    """Null: the source does not say."""
    golden: bool
    """The family's newest signed production version."""
    assets: Count
    """That run it, in the environment asked about."""


class ListImageVersionsOutput(PageOutput):
    images: list[ImageVersionRow] = Field(max_length=200)
    """By family, the newest first."""


class GenerateImageContractInput(Contract):
    name: Family
    """The image family: a new one, or one that gets another version."""
    os: Annotated[str, Field(min_length=1, max_length=80)]
    """`ubuntu 24.04`, or the id of a base image."""
    purpose: Annotated[str, Field(min_length=1, max_length=300)]
    platforms: Platforms = []
    """Empty: wherever the base is published."""
    packages: list[PackageName] = Field(default=[], max_length=100)
    """Besides what the family's golden image has."""
    cis_level: Annotated[int, Field(ge=1, le=2)] | None = None
    """None: as the standard asks."""


class GenerateImageContractOutput(Contract):
    contract: ImageContract
    replaces: Id | None
    """The family's golden image; null for a new family."""
    base_end_of_life: Moment | None
    """Null: not announced."""
    image_id: Id | None
    """What the image will be called once it is built; null: the source builds none."""
    state: Id
    """Of that image now: `absent`, unless somebody has built it since."""
    fingerprint: Id


class BuildImageInput(Contract):
    contract: ImageContract
    asset_ids: NoAssets = []


class TestRow(Contract):
    name: Id
    passed: bool
    observed: Text


class BuildImageOutput(ChangeOutput):
    image_id: Id
    status: ImageStatus
    signed: bool
    """The pipeline signs what passes all of its tests."""
    tests: list[TestRow] = Field(max_length=200)


class ValidateImageInput(Contract):
    image_id: Id


class ScanResult(Contract):
    scanned_at: Moment
    critical: Count
    high: Count
    medium: Count
    low: Count


class CheckRow(Contract):
    name: Id
    status: Literal["pass", "fail", "unknown"]
    """`unknown`: there is nothing to tell it by, which is no pass."""
    observed: Text
    expected: Text


class ValidateImageOutput(Contract):
    image_id: Id
    family: Id
    version: Id
    status: ImageStatus
    signed: bool
    sbom_url: Annotated[str, Field(max_length=512)] | None
    fingerprint: Id
    """Of its status, signature and tests: it changes when one of them does."""
    valid: bool
    """Every check passes."""
    checks: list[CheckRow] = Field(max_length=100)
    tests: list[TestRow] = Field(max_length=200)
    """The pipeline's own."""
    scan: ScanResult | None
    """Null: its packages are not known."""
    unrated: Count
    """Vulnerabilities that nobody has rated."""
    worst: list[Vulnerability] = Field(max_length=20)
    blocking_rating: Rating | None
    """From here on a vulnerability makes it unfit; null: the org has set no standard."""


class PromoteImageInput(Contract):
    image_id: Id
    to_status: Literal["production", "deprecated"]
    asset_ids: NoAssets = []


class PromoteImageNonprodInput(Contract):
    image_id: Id
    to_status: Literal["dev", "staging"]
    asset_ids: NoAssets = []


class PromoteImageOutput(ChangeOutput):
    image_id: Id
    from_status: ImageStatus | None
    to_status: ImageStatus
