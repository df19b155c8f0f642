"""Draws the audits: results that agree with the inventory of their day, exemptions, attestations, and gaps."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from bot.local.estate.controls import CONTROLS
from bot.local.estate.draw_assets import DrawnAsset
from tools.contracts.common import JsonObject

NEVER_AUDITED = ("ISO/IEC 27001", "A.8.14")
LONG_AGO = ("SOC 2", "A1.3")
"""The two gaps; which of them an estate has, its seed draws."""


def control_rows(*, org: str) -> list[JsonObject]:
    return [
        {
            "org_id": org,
            "framework": control.framework,
            "control_id": control.id,
            "framework_version": control.version,
            "environment": "production",
            "title": control.title,
            "severity": control.severity,
            "recommendation": control.recommendation,
            "measured_by": control.measured_by,
        }
        for control in CONTROLS
    ]


def control_result_rows(
    random: Random,
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
    gap = random.choice((NEVER_AUDITED, LONG_AGO))
    rows: list[JsonObject] = []
    for control in CONTROLS:
        if control.measured_by == "attestation":
            continue
        place = (control.framework, control.id)
        if place == gap == NEVER_AUDITED:
            continue
        affected = failing[control.measured_by]
        score = 100 * (1 - len(affected) / len(production))
        days = random.randint(120, 300) if place == gap == LONG_AGO else 3
        rows.append(
            {
                "org_id": org,
                "framework": control.framework,
                "control_id": control.id,
                "status": "passing" if not affected else "warning" if score >= 90 else "failing",
                "affected_assets": affected,
                "score": round(score, 1),
                "last_audit_at": now - timedelta(days=days),
            }
        )
    return rows


def exemption_rows(random: Random, results: list[JsonObject], *, now: datetime) -> list[JsonObject]:
    """Some affected assets are excused; one in three of these excuses has run out."""
    rows: list[JsonObject] = []
    for result in results:
        affected: list[str] = result["affected_assets"]
        for asset_id in random.sample(affected, min(len(affected), random.randint(0, 3))):
            number = len(rows) + 1
            days = -random.randint(1, 60) if number % 3 == 0 else random.randint(10, 200)
            rows.append(
                {
                    "org_id": result["org_id"],
                    "id": f"EX-{number:03d}",
                    "framework": result["framework"],
                    "control_id": result["control_id"],
                    "asset_id": asset_id,
                    "reason": random.choice(("vendor freeze until the next release", "replaced this quarter")),
                    "approved_by": "U0CISO",
                    "expires_at": now + timedelta(days=days),
                }
            )
    return rows


def attestation_rows(random: Random, *, org: str, now: datetime) -> list[JsonObject]:
    """One that holds; of the other control, one that has run out or none at all."""
    held = now - timedelta(days=random.randint(20, 300))
    rows = [_attestation("PCI DSS", "8.4.2", "MFA is enforced at the access proxy for all staff.", "U0CISO", at=held)]
    if random.random() < 0.5:
        old = now - timedelta(days=random.randint(370, 700))
        rows.append(_attestation("SOC 2", "CC8.1", "All changes go through approved plans.", "U0CTO", at=old))
    return [{"org_id": org, "id": f"AT-{number:03d}", **row} for number, row in enumerate(rows, start=1)]


def _attestation(framework: str, control_id: str, statement: str, by: str, *, at: datetime) -> JsonObject:
    return {
        "framework": framework,
        "control_id": control_id,
        "statement": statement,
        "attested_by": by,
        "attested_at": at,
        "valid_until": at + timedelta(days=365),
    }
