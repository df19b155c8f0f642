"""Derives the records from the drawn machines and images, so that every one of them agrees with the inventory."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from bot.local.estate.controls import CONTROLS
from bot.local.estate.cves import CVES, PATCHES
from bot.local.estate.draw_assets import DrawnAsset, golden_of
from bot.local.estate.draw_images import DrawnImage
from tools.contracts.common import JsonObject

MONTHS_BILLED = 3


def cve_rows() -> list[JsonObject]:
    return [
        {
            "cve": cve.id,
            "package": cve.package,
            "affected": cve.affected,
            "fixed_version": cve.fixed,
            "severity": cve.severity,
            "title": cve.title,
        }
        for cve in CVES
    ]


def cve_alert_rows(
    assets: list[DrawnAsset], images: dict[str, list[DrawnImage]], *, org: str, now: datetime
) -> list[JsonObject]:
    """One for each vulnerability that an image in use still carries."""
    affected: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    by_version = {(image.family, image.version): image for line in images.values() for image in line}
    for asset in assets:
        image = by_version[asset.role.family, asset.image_version]
        for patched in PATCHES[asset.role.family]:
            if image.packages[patched.package] == patched.old:
                affected[patched.cve][0].add(image.id)
                affected[patched.cve][1].add(asset.id)
    return [
        {
            "org_id": org,
            "cve": cve.id,
            "severity": cve.severity,
            "package": cve.package,
            "image_ids": sorted(affected[cve.id][0]),
            "asset_ids": sorted(affected[cve.id][1]),
            "status": "open",
            "detected_at": now - timedelta(days=9),
        }
        for cve in CVES
        if cve.id in affected
    ]


def drifted_of(assets: list[DrawnAsset], images: dict[str, list[DrawnImage]]) -> list[DrawnAsset]:
    return [asset for asset in assets if asset.image_version != golden_of(images[asset.role.family]).version]


def control_rows(*, org: str) -> list[JsonObject]:
    return [
        {
            "org_id": org,
            "framework": control.framework,
            "control_id": control.id,
            "framework_version": control.version,
            "title": control.title,
            "severity": control.severity,
            "recommendation": control.recommendation,
        }
        for control in CONTROLS
    ]


def control_result_rows(
    assets: list[DrawnAsset],
    drifted: list[DrawnAsset],
    cve_alerts: list[JsonObject],
    pairs: list[JsonObject],
    *,
    org: str,
    now: datetime,
) -> list[JsonObject]:
    """Results of what rows can show. A control that people attest has no result here: no data is not a pass."""
    production = {asset.id for asset in assets if asset.environment == "production"}
    failing = {
        "drift": sorted(asset.id for asset in drifted if asset.id in production),
        "vulnerabilities": sorted({asset_id for alert in cve_alerts for asset_id in alert["asset_ids"]} & production),
        "recovery": sorted(
            asset.id
            for asset in assets
            if asset.id in production
            and asset.site.id in {pair["primary_site_id"] for pair in pairs if pair["replication_status"] != "in-sync"}
        ),
    }
    rows: list[JsonObject] = []
    for control in CONTROLS:
        if control.evidence == "process":
            continue
        affected = failing[control.evidence]
        score = 100 * (1 - len(affected) / len(production))
        rows.append(
            {
                "org_id": org,
                "framework": control.framework,
                "control_id": control.id,
                "status": "passing" if not affected else "warning" if score >= 90 else "failing",
                "affected_assets": affected,
                "score": round(score, 1),
                "last_audit_at": now - timedelta(days=3),
            }
        )
    return rows


def bill_rows(assets: list[DrawnAsset], *, org: str, now: datetime) -> list[JsonObject]:
    """The last full months: hours of the machines that run, at their role's hourly price."""
    fleets: dict[tuple[str, str, str], list[DrawnAsset]] = defaultdict(list)
    for asset in assets:
        if asset.state == "running":
            fleets[asset.site.id, asset.environment, asset.role.family].append(asset)
    rows: list[JsonObject] = []
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(MONTHS_BILLED):
        last = first - timedelta(days=1)
        first = last.replace(day=1)
        hours_in_month = 24 * last.day
        for (site, environment, family), fleet in sorted(fleets.items()):
            hours = float(hours_in_month * len(fleet))
            rows.append(
                {
                    "org_id": org,
                    "month": f"{first:%Y-%m}",
                    "site": site,
                    "environment": environment,
                    "image_family": family,
                    "assets": len(fleet),
                    "hours": hours,
                    "cost_usd": round(hours * fleet[0].role.hourly_usd, 2),
                }
            )
    return rows
