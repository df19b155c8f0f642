"""Derives the records from the drawn machines and images, so that every one of them agrees with the inventory."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.local.estate.cves import bundled_advisories
from bot.local.estate.draw_assets import DrawnAsset, golden_of
from bot.local.estate.draw_images import DrawnImage
from tools.advisories.matching import judge
from tools.advisories.severity import severity_of, worst_first
from tools.contracts.advisory import Severity
from tools.contracts.common import JsonObject


def cve_alert_rows(
    assets: list[DrawnAsset], images: dict[str, list[DrawnImage]], *, org: str, now: datetime
) -> list[JsonObject]:
    """One for each vulnerability that an image in use still carries."""
    by_version = {(image.family, image.version): image for line in images.values() for image in line}
    users: dict[str, set[str]] = defaultdict(set)
    for asset in assets:
        users[by_version[asset.role.family, asset.image_version].id].add(asset.id)
    found: dict[str, _Finding] = {}
    for image in (image for line in images.values() for image in line if image.id in users):
        for package in image.packages:
            for advisory in bundled_advisories():
                judgement = judge(advisory, package)
                if judgement.state == "affected" and advisory.cve is not None:
                    finding = found.setdefault(advisory.cve, _Finding(package.name))
                    finding.image_ids.add(image.id)
                    finding.severities.append(severity_of(advisory, judgement.affected))
    return [
        {
            "org_id": org,
            "cve": cve,
            "severity": sorted(finding.severities, key=worst_first)[0].rating,
            "package": finding.package,
            "image_ids": sorted(finding.image_ids),
            "asset_ids": sorted({asset_id for image_id in finding.image_ids for asset_id in users[image_id]}),
            "status": "open",
            "detected_at": now - timedelta(days=3 + number, hours=number),
        }
        for number, (cve, finding) in enumerate(sorted(found.items()))
    ]


@dataclass
class _Finding:
    package: str
    image_ids: set[str] = field(default_factory=set[str])
    severities: list[Severity] = field(default_factory=list[Severity])


def drifted_of(assets: list[DrawnAsset], images: dict[str, list[DrawnImage]]) -> list[DrawnAsset]:
    return [asset for asset in assets if asset.image_version != golden_of(images[asset.role.family]).version]
