"""The sample estate's tables. Every row of a tenant carries its org, and every key begins with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Dialect, Float, Index, Integer, MetaData, String, Table, TypeDecorator

metadata = MetaData()


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, kept as RFC 3339 text of one width, so that text order is time order."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"The sample estate keeps moments with a time zone; got {value.isoformat()}.")
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(str(value))


def _org() -> Column[str]:
    return Column("org_id", String(64), primary_key=True)


def _id(name: str = "id") -> Column[str]:
    return Column(name, String(128), primary_key=True)


seeds = Table("seeds", metadata, _org(), Column("seed", Integer, nullable=False), Column("drawn_at", Moment))

sites = Table(
    "sites",
    metadata,
    _org(),
    _id(),
    Column("platform", String(16), nullable=False),
    Column("region", String(64), nullable=False),
    Column("account", String(64), nullable=False),
)

assets = Table(
    "assets",
    metadata,
    _org(),
    _id(),
    Column("environment", String(16), nullable=False),
    Column("platform", String(16), nullable=False),
    Column("account", String(64)),
    Column("region", String(64)),
    Column("site", String(64)),
    Column("instance_id", String(128)),
    Column("name", String(128), nullable=False),
    Column("image_family", String(64)),
    Column("image_version", String(32)),
    Column("state", String(16), nullable=False),
    Column("tags", JSON, nullable=False),
    Column("discovered_at", Moment),
    Column("updated_at", Moment),
    Index("assets_by_environment", "org_id", "environment", "image_family"),
)

asset_health = Table(
    "asset_health",
    metadata,
    _org(),
    _id("asset_id"),
    Column("heartbeat", Boolean, nullable=False),
    Column("http_ok", Boolean, nullable=False),
    Column("error_rate_percent", Float, nullable=False),
)

images = Table(
    "images",
    metadata,
    _org(),
    _id(),
    Column("family", String(64), nullable=False),
    Column("version", String(32), nullable=False),
    Column("os_name", String(32), nullable=False),
    Column("os_version", String(16), nullable=False),
    Column("cis_level", Integer),
    Column("sbom_url", String(256)),
    Column("signed", Boolean, nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
)

image_coordinates = Table(
    "image_coordinates",
    metadata,
    _org(),
    _id("image_id"),
    Column("platform", String(16), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("identifier", String(256), nullable=False),
)

image_packages = Table(
    "image_packages",
    metadata,
    _org(),
    _id("image_id"),
    Column("ecosystem", String(64), primary_key=True),
    Column("package", String(128), primary_key=True),
    Column("version", String(64), nullable=False),
)

change_windows = Table(
    "change_windows",
    metadata,
    _org(),
    Column("environment", String(16), primary_key=True),
    Column("site", String(64), primary_key=True),
    Column("opens_at", Moment, primary_key=True),
    Column("closes_at", Moment, nullable=False),
)

change_calls = Table(
    "change_calls",
    metadata,
    _org(),
    _id("idempotency_key"),
    Column("request_digest", String(80), nullable=False),
    Column("at", Moment, nullable=False),
)

changes = Table(
    "changes",
    metadata,
    _org(),
    _id("idempotency_key"),
    Column("position", Integer, primary_key=True),
    Column("asset_id", String(128), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("image_id", String(128), nullable=False),
    Column("from_version", String(32)),
    Column("to_version", String(32)),
    Column("ok", Boolean, nullable=False),
    Column("message", String(300), nullable=False),
    Column("at", Moment, nullable=False),
)

faults = Table("faults", metadata, _org(), _id("asset_id"), Column("kind", String(32), nullable=False))
