"""Public advisories as Gavel keeps them: what is vulnerable, since when, until when, how badly. No org owns one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from tools.contracts.common import Contract

Rating = Literal["none", "low", "medium", "high", "critical"]
"""CVSS's qualitative scale. An advisory without any has None, which is not `none`."""

RATINGS: tuple[Rating, ...] = ("none", "low", "medium", "high", "critical")
"""Mildest first."""


class Score(Contract):
    """A base score computed from a published vector."""

    system: Literal["CVSS_V2", "CVSS_V3", "CVSS_V4"]
    vector: str
    score: float = Field(ge=0, le=10)
    rating: Rating


class Severity(Contract):
    """The worst of what an advisory says, and what that rests on."""

    rating: Rating | None
    """None: nobody has rated it."""
    score: float | None
    """CVSS base score, 0 to 10; None where there is only a word."""
    basis: str
    """The CVSS vector, or who rated it; empty when nobody did."""


VersionText = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,200}$")]
"""As a database writes it. Whether it is a version is for its ecosystem's rules to say."""


class RangeEvent(Contract):
    kind: Literal["introduced", "fixed", "last_affected", "limit"]
    version: VersionText


class AffectedRange(Contract):
    """OSV's timeline of one range. `SEMVER` is ordered by semantic versioning whatever the ecosystem."""

    type: Literal["ECOSYSTEM", "SEMVER"]
    events: list[RangeEvent]


class AffectedPackage(Contract):
    ecosystem: str
    """With its suffix, e.g. `Debian:12`."""
    name: str
    ranges: list[AffectedRange] = []
    versions: list[VersionText] = []
    """Affected versions that are listed one by one."""
    unreadable_ranges: int = 0
    """Ranges of commits: a version cannot be judged by them."""
    scores: list[Score] = []


class Reference(Contract):
    type: str
    url: str


class Advisory(Contract):
    """One record of one database. The same CVE has one from each database that tracks it."""

    id: str
    names: list[str]
    """The id, its aliases and the upstream records it was made from: what a person may call it by. Sorted."""
    summary: str = ""
    details: str = ""
    published: datetime | None = None
    modified: datetime
    withdrawn: datetime | None = None
    """A withdrawn advisory is about nothing any more."""
    scores: list[Score] = []
    given_rating: Rating | None = None
    """As its database rates it, where it does so in a word."""
    affected: list[AffectedPackage] = []
    references: list[Reference] = []

    @property
    def cve(self) -> str | None:
        """Its CVE number, where it has one."""
        return next((name for name in self.names if name.startswith("CVE-")), None)


class Package(Contract):
    """A package that an image carries."""

    ecosystem: str
    name: str
    version: str
