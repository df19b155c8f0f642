"""Derives the records from the drawn machines and images, so that every one of them agrees with the inventory."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from random import Random

from bot.local.estate.controls import CONTROLS
from bot.local.estate.cves import CVES, PATCHES
from bot.local.estate.draw_assets import DrawnAsset, golden_of
from bot.local.estate.draw_images import DrawnImage
from tools.contracts.common import JsonObject

PAIRS = (
    ("aws-eu-west-1", "azure-westeurope"),
    ("aws-us-east-1", "azure-eastus2"),
    ("gcp-europe-west4", "vsphere-ams1"),
    ("gcp-us-central1", "vsphere-dfw1"),
)
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


def dr_pair_rows(random: Random, *, org: str, now: datetime) -> list[JsonObject]:
    states = ["in-sync", "in-sync", "lagging", random.choice(["in-sync", "failed"])]
    random.shuffle(states)
    behind = {"in-sync": (1, 4), "lagging": (25, 90), "failed": (600, 2000)}
    return [
        {
            "org_id": org,
            "id": f"dr-{number}",
            "primary_site_id": primary,
            "dr_site_id": recovery,
            "status": "healthy" if state == "in-sync" else "degraded",
            "replication_status": state,
            "rpo_minutes": 15,
            "rto_minutes": random.choice([30, 60, 120]),
            "last_failover_test": now - timedelta(days=random.randint(8, 75)),
            "last_sync_at": now - timedelta(minutes=random.randint(*behind[state])),
        }
        for number, ((primary, recovery), state) in enumerate(zip(PAIRS, states, strict=True), start=1)
    ]


def alert_rows(
    random: Random, assets: list[DrawnAsset], drifted: list[DrawnAsset], *, org: str, now: datetime
) -> list[JsonObject]:
    """One for every machine that is ill, and one for each site whose production web servers drifted."""
    rows: list[JsonObject] = [
        _alert(
            asset,
            "critical" if asset.environment == "production" else "warning",
            f"High error rate on {asset.name}",
            f"{asset.error_rate_percent} % of requests failed in the last 10 minutes.",
            raised_at=now - timedelta(minutes=random.randint(5, 50)),
        )
        for asset in assets
        if asset.state == "running" and not asset.http_ok
    ]
    per_site: dict[str, list[DrawnAsset]] = defaultdict(list)
    for asset in drifted:
        if asset.environment == "production" and asset.role.name == "web" and asset.state == "running":
            per_site[asset.site.id].append(asset)
    rows.extend(
        _alert(
            fleet[0],
            "warning",
            f"{len(fleet)} web servers in {site} have drifted",
            f"Not on the golden image of {fleet[0].role.family}: {', '.join(asset.name for asset in fleet)}.",
            raised_at=now - timedelta(hours=random.randint(1, 30)),
            one_asset=False,
        )
        for site, fleet in sorted(per_site.items())
    )
    return [{"org_id": org, "id": f"alert-{number:03d}", **row} for number, row in enumerate(rows, start=1)]


def _alert(
    asset: DrawnAsset, severity: str, title: str, description: str, *, raised_at: datetime, one_asset: bool = True
) -> JsonObject:
    return {
        "severity": severity,
        "title": title,
        "description": description[:500],
        "source": "alertmanager" if one_asset else "drift-engine",
        "site": asset.site.id,
        "asset_id": asset.id if one_asset else None,
        "status": "open",
        "raised_at": raised_at,
        "acknowledged_by": None,
    }


def log_rows(random: Random, assets: list[DrawnAsset], *, org: str, now: datetime) -> list[JsonObject]:
    """What ill machines complained of, among some healthy chatter."""
    ill = [asset for asset in assets if asset.state == "running" and not asset.http_ok]
    well = random.sample([asset for asset in assets if asset.state == "running" and asset.http_ok], 30)
    lines: list[tuple[datetime, str, str, str, str]] = []
    for asset in ill:
        for _ in range(12):
            at = now - timedelta(minutes=random.uniform(1, 55))
            lines.append((at, asset.id, "error", f"{asset.role.name}.service", random.choice(COMPLAINTS)))
    for asset in well:
        for _ in range(4):
            at = now - timedelta(minutes=random.uniform(1, 55))
            lines.append((at, asset.id, "info", random.choice(UNITS), "Finished; no errors."))
    return [
        {"org_id": org, "id": number, "asset_id": asset_id, "at": at, "level": level, "unit": unit, "message": message}
        for number, (at, asset_id, level, unit, message) in enumerate(sorted(lines), start=1)
    ]


COMPLAINTS = (
    "upstream timed out (110: Connection timed out) while reading response header",
    "connection pool exhausted: 64 of 64 in use, 212 waiting",
    "TLS handshake failed: certificate verify failed (self-signed certificate in chain)",
    "write failed: No space left on device (/var/log)",
)
UNITS = ("cron.service", "node_exporter.service", "chronyd.service", "logrotate.service")


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
