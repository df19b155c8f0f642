"""The inventory's data: what assets, images and the rest look like, whichever connector they come from."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from tools.contracts.common import Contract, Environment, Platform, digest_of

ImageStatus = Literal["draft", "dev", "staging", "production", "deprecated"]


class Asset(Contract):
    """A machine or node. Fields the source does not know are None, never guessed."""

    id: str
    org_id: str
    environment: Environment
    platform: Platform
    account: str | None = None
    region: str | None = None
    site: str | None = None
    instance_id: str | None = None
    name: str
    image_family: str | None = None
    image_version: str | None = None
    state: str
    """`running`, `stopped`, `terminated`, …"""
    tags: dict[str, str] = {}
    updated_at: datetime | None = None

    @property
    def fingerprint(self) -> str:
        """Of the observed state that a plan relies on: image, state, place. Not of names or timestamps."""
        return digest_of(
            {
                "id": self.id,
                "org": self.org_id,
                "environment": self.environment,
                "platform": self.platform,
                "image": [self.image_family, self.image_version],
                "state": self.state,
            }
        )


class Image(Contract):
    """One version of a golden image family."""

    id: str
    org_id: str
    family: str
    version: str
    os_name: str
    os_version: str
    cis_level: int | None = None
    signed: bool
    status: ImageStatus
    platforms: list[Platform]
    """Where the version has been published."""
    created_at: datetime | None
    """None: the source does not say."""
    sbom_url: str | None = None
    """Where its bill of materials is; None: there is none, or the source does not say."""


class AssetHealth(Contract):
    """What the health source reports of an asset now."""

    asset_id: str
    heartbeat: bool
    http_ok: bool
    error_rate_percent: float
    image_version: str | None


class ChangeResult(Contract):
    """What became of one asset in one state-changing call."""

    asset_id: str
    ok: bool
    image_version: str | None
    """After the call."""
    message: str = ""


class Page(Contract):
    """A bounded slice: ask again with `cursor` for more."""

    limit: int = Field(default=200, ge=1, le=500)
    cursor: str | None = None
