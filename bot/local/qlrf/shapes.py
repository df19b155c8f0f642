"""The sample estate's rows in QL-RF's JSON: assets and images in snake_case, the rest in camelCase."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from sqlalchemy.engine import RowMapping

from tools.contracts.common import Environment, JsonObject
from tools.contracts.estate import Asset, Image
from tools.contracts.incident import Alert
from tools.contracts.recovery import DrPair


def env_id(environment: Environment) -> str:
    """QL-RF knows its environments by ids of its own."""
    return str(uuid5(NAMESPACE_URL, f"qlrf/environments/{environment}"))


def org_id(org: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"qlrf/orgs/{org}"))


def asset_json(asset: Asset) -> JsonObject:
    return {
        "id": asset.id,
        "org_id": org_id(asset.org_id),
        "env_id": env_id(asset.environment),
        "site_id": asset.site,
        "platform": asset.platform,
        "account": asset.account,
        "region": asset.region,
        "site": asset.site,
        "instance_id": asset.instance_id,
        "name": asset.name,
        "image_ref": asset.image_family,
        "image_version": asset.image_version,
        "state": asset.state,
        "tags": asset.tags or None,
        "updated_at": asset.updated_at.isoformat() if asset.updated_at else None,
    }


def image_json(image: Image) -> JsonObject:
    return {
        "id": image.id,
        "org_id": org_id(image.org_id),
        "family": image.family,
        "version": image.version,
        "os_name": image.os_name,
        "os_version": image.os_version,
        "cis_level": image.cis_level,
        "sbom_url": image.sbom_url,
        "signed": image.signed,
        "status": image.status,
        "coordinates": [{"platform": platform, "region": "", "identifier": ""} for platform in image.platforms],
        "created_at": image.created_at.isoformat() if image.created_at else None,
    }


def site_json(row: RowMapping) -> JsonObject:
    return {
        "id": row["id"],
        "name": row["id"],
        "orgId": org_id(row["org_id"]),
        "region": row["region"],
        "platform": row["platform"],
        "environment": env_id("production"),
    }


def alert_json(alert: Alert) -> JsonObject:
    return {
        "id": alert.id,
        "orgId": org_id(alert.org_id),
        "severity": alert.severity,
        "title": alert.title,
        "description": alert.description,
        "source": alert.source,
        "siteId": alert.site,
        "assetId": alert.asset_id,
        "imageId": None,
        "status": alert.status,
        "createdAt": alert.raised_at.isoformat(),
        "acknowledgedAt": alert.acknowledged_at.isoformat() if alert.acknowledged_at else None,
        "acknowledgedBy": alert.acknowledged_by,
        "resolvedAt": alert.resolved_at.isoformat() if alert.resolved_at else None,
    }


def pair_json(pair: DrPair) -> JsonObject:
    return {
        "id": pair.id,
        "orgId": org_id(pair.org_id),
        "primarySiteId": pair.primary_site_id,
        "drSiteId": pair.dr_site_id,
        "status": pair.status,
        "replicationStatus": pair.replication_status,
        "rpo": pair.rpo_minutes,
        "rto": pair.rto_minutes,
        "lastFailoverTest": pair.last_failover_test.isoformat() if pair.last_failover_test else None,
        "lastSyncAt": pair.last_sync_at.isoformat() if pair.last_sync_at else None,
    }
