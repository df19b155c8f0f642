"""Where public advisories come from. They belong to no org: everyone who asks gets the same."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NoReturn, Protocol

from tools.connectors.base import EstateError
from tools.contracts.advisory import Advisory, Rating
from tools.contracts.common import Contract


class FeedQuery(Contract):
    """All given conditions must hold. Withdrawn advisories are never in the feed."""

    minimum_rating: Rating | None = None
    """Those that nobody has rated are in, whatever the minimum: they may be the worst of all."""
    ecosystem: str | None = None
    """`Debian:12`, or `Debian` for all its releases."""
    package: str | None = None
    modified_since: datetime | None = None


class Coverage(Contract):
    """How much is known of one ecosystem. None of it is known where there is no row."""

    ecosystem: str
    advisories: int
    imported_at: datetime
    """When the newest of them came in."""


class AdvisorySource(Protocol):
    """Every method raises `EstateError` when the source cannot answer."""

    async def named(self, name: str) -> list[Advisory]:
        """All records of one vulnerability, by id or alias in any case, withdrawn ones too; in id order."""
        ...

    async def about(self, packages: Collection[tuple[str, str]]) -> list[Advisory]:
        """What has been published about any of these (ecosystem, package); in id order. Versions are not judged.

        Each advisory holds what it says of these packages, the start of its details and no references; :meth:`named`
        has the whole.
        """
        ...

    async def feed(self, query: FeedQuery, *, limit: int, cursor: str | None) -> tuple[list[Advisory], str | None]:
        """The last modified first, and the cursor of the next page or None."""
        ...

    async def coverage(self, ecosystems: Collection[str]) -> list[Coverage]:
        """One row for each of these ecosystems that anything is known of."""
        ...


class NoAdvisories:
    """In the place of a source that was not set up: an error, because no data is not an absence of vulnerabilities."""

    async def named(self, name: str) -> list[Advisory]:
        self._refuse()

    async def about(self, packages: Collection[tuple[str, str]]) -> list[Advisory]:
        self._refuse()

    async def feed(self, query: FeedQuery, *, limit: int, cursor: str | None) -> tuple[list[Advisory], str | None]:
        self._refuse()

    async def coverage(self, ecosystems: Collection[str]) -> list[Coverage]:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise EstateError("No CVE data is set up here, so nothing was compared. Load some with `gavel cve import`.")
