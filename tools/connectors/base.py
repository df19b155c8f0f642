"""The connector protocol. A real system (QL-RF, a CMDB, a cloud) implements it; so does the sample estate."""

from __future__ import annotations

from typing import Literal, Protocol

from tools.contracts.common import Contract, Environment, Platform
from tools.contracts.estate import Asset, AssetHealth, ChangeResult, Image
from tools.contracts.taskspec import Tag, TimeWindow


class AssetQuery(Contract):
    """All given conditions must hold. Empty means not narrowed."""

    environment: Environment | None = None
    platforms: list[Platform] = []
    regions: list[str] = []
    sites: list[str] = []
    ids: list[str] = []
    tags: list[Tag] = []
    image_family: str | None = None
    state: str | None = None


class EstateError(Exception):
    """The source could not answer. Never an empty result: absence of an answer is not an answer of absence."""


class Estate(Protocol):
    """Every method takes the org first, from the caller; a connector must not return another org's rows."""

    name: str

    async def assets(
        self, org: str, query: AssetQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[Asset], str | None]:
        """Assets in id order, and the cursor of the next page or None. Raises :class:`EstateError`."""
        ...

    async def images(self, org: str, *, family: str | None = None) -> list[Image]:
        """Image versions, newest first."""
        ...

    async def maintenance_window(self, org: str, environment: Environment, sites: list[str]) -> TimeWindow | None:
        """The current or next change window in which all the sites may be changed."""
        ...

    async def health(self, org: str, asset_ids: list[str]) -> list[AssetHealth]:
        """One row for every known asset asked for."""
        ...

    async def apply_image(
        self,
        org: str,
        asset_ids: list[str],
        image_id: str,
        *,
        idempotency_key: str,
        kind: Literal["rollout", "rollback"],
    ) -> list[ChangeResult]:
        """Rebuild assets on an image. The same key twice changes nothing the second time and answers the same."""
        ...
