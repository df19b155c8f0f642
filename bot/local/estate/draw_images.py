"""Draws each family's image versions: a line of releases, of which one is golden."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from bot.local.estate.cves import COMMON, PATCHES, TELNET, UBUNTU
from bot.local.estate.fleets import CLUSTERS, SITES, Role, Site
from tools.contracts.advisory import Package
from tools.contracts.common import JsonObject
from tools.contracts.estate import ImageStatus


@dataclass(frozen=True)
class DrawnImage:
    id: str
    family: str
    version: str
    os_name: str
    os_version: str
    cis_level: int
    signed: bool
    status: ImageStatus
    created_at: datetime
    packages: tuple[Package, ...]

    def row(self, org: str) -> JsonObject:
        return {
            "org_id": org,
            "id": self.id,
            "family": self.family,
            "version": self.version,
            "os_name": self.os_name,
            "os_version": self.os_version,
            "cis_level": self.cis_level,
            "sbom_url": f"https://registry.example.com/sbom/{self.family}/{self.version}.spdx.json",
            "signed": self.signed,
            "status": self.status,
            "created_at": self.created_at,
        }


def draw_images(random: Random, role: Role, *, now: datetime) -> list[DrawnImage]:
    """Newest first: sometimes a candidate that is not for production yet, the golden image, then older releases."""
    dates = _release_dates(random, random.randint(4, 6), now=now)
    versions = (
        _semver_line(random, len(dates)) if role.versioning == "semver" else [f"{date:%Y.%m.%d}" for date in dates]
    )
    candidate = len(dates) >= 5 and random.random() < 0.6
    golden = 1 if candidate else 0
    # The fix of the family's vulnerabilities came with the golden image or the release before it.
    fixed_until = golden + random.randint(0, 1)
    return [
        DrawnImage(
            id=f"img-{role.family}-{version}",
            family=role.family,
            version=version,
            os_name=role.os_name,
            os_version=role.os_version,
            cis_level=2 if index <= golden + 1 else 1,
            signed=not (candidate and index == 0) or random.random() < 0.5,
            status=_status(index, golden=golden, count=len(dates)),
            created_at=date,
            packages=_packages(role, fixed=index <= fixed_until, oldest=index == len(dates) - 1),
        )
        for index, (version, date) in enumerate(zip(versions, dates, strict=True))
    ]


def _packages(role: Role, *, fixed: bool, oldest: bool) -> tuple[Package, ...]:
    own = tuple(
        Package(ecosystem=patched.ecosystem, name=patched.package, version=patched.new if fixed else patched.old)
        for patched in PATCHES[role.family]
    )
    denied = (Package(ecosystem=UBUNTU, name=TELNET, version="2:2.5-3ubuntu4"),)
    return (*COMMON[role.os_name], *own, *(denied if oldest and role.name == "web" else ()))


def _release_dates(random: Random, count: int, *, now: datetime) -> list[datetime]:
    date = now - timedelta(days=random.randint(5, 20), hours=random.randint(0, 12))
    dates: list[datetime] = []
    for _ in range(count):
        dates.append(date)
        date -= timedelta(days=random.randint(24, 45), hours=random.randint(0, 12))
    return dates


def _semver_line(random: Random, count: int) -> list[str]:
    """Newest first. Each release raises the minor (and resets the patch) or the patch."""
    major, minor, patch = random.randint(2, 5), random.randint(1, 9), random.randint(0, 3)
    line = [f"{major}.{minor}.{patch}"]
    while len(line) < count:
        if random.random() < 0.6:
            minor, patch = minor + 1, 0
        else:
            patch += 1
        line.append(f"{major}.{minor}.{patch}")
    return line[::-1]


def _status(index: int, *, golden: int, count: int) -> ImageStatus:
    if index < golden:
        return "staging"
    return "deprecated" if index == count - 1 else "production"


def coordinate_rows(images: list[DrawnImage], platforms_of: dict[str, set[str]], *, org: str) -> list[JsonObject]:
    """Where each version is published: everywhere its family runs; a candidate on one platform only."""
    rows: list[JsonObject] = []
    for image in images:
        platforms = sorted(platforms_of.get(image.family, set()))
        published = platforms[:1] if image.status == "staging" else platforms
        rows.extend(
            {
                "org_id": org,
                "image_id": image.id,
                "platform": site.platform,
                "region": site.region,
                "identifier": _identifier(site, image, org=org),
            }
            for site in (*SITES, *CLUSTERS)
            if site.platform in published
        )
    return rows


def _identifier(site: Site, image: DrawnImage, *, org: str) -> str:
    """As the platform would name it."""
    serial = hashlib.sha256(f"{org}/{site.id}/{image.id}".encode()).hexdigest()
    match site.platform:
        case "aws":
            return f"ami-0{serial[:16]}"
        case "azure":
            return f"/subscriptions/{site.account}/galleries/golden/images/{image.family}/versions/{image.version}"
        case "gcp":
            return f"projects/{site.account}/global/images/{image.family}-{image.version.replace('.', '-')}"
        case "vsphere":
            return f"[templates] {image.family}-{image.version}"
        case "k8s":
            return f"registry.example.com/{image.family}@sha256:{serial}"
