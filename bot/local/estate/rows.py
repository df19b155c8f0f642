"""Rows of the sample estate as the contracts' models."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.local.estate import tables
from tools.contracts.common import Platform
from tools.contracts.estate import Asset, AssetHealth, Image


def asset_of(row: RowMapping) -> Asset:
    return Asset.model_validate({name: row[name] for name in Asset.model_fields})


def health_of(row: RowMapping) -> AssetHealth:
    """A machine that does not run sends no heartbeat, whatever its last row says."""
    running = row["state"] == "running"
    return AssetHealth(
        asset_id=row["asset_id"],
        heartbeat=running and bool(row["heartbeat"]),
        http_ok=running and bool(row["http_ok"]),
        error_rate_percent=row["error_rate_percent"],
        image_version=row["image_version"],
    )


async def read_images(connection: AsyncConnection, org: str, *, family: str | None = None) -> list[Image]:
    """The org's images, newest first, with the platforms each is published on."""
    statement = select(tables.images).where(tables.images.c.org_id == org)
    if family is not None:
        statement = statement.where(tables.images.c.family == family)
    newest_first = statement.order_by(tables.images.c.created_at.desc(), tables.images.c.id)
    rows = (await connection.execute(newest_first)).mappings().all()
    published = await _published(connection, org)
    return [
        Image.model_validate(
            {name: row[name] for name in Image.model_fields if name != "platforms"}
            | {"platforms": published.get(row["id"], [])}
        )
        for row in rows
    ]


async def _published(connection: AsyncConnection, org: str) -> dict[str, list[Platform]]:
    coordinate = tables.image_coordinates.c
    statement = (
        select(coordinate.image_id, coordinate.platform)
        .where(coordinate.org_id == org)
        .distinct()
        .order_by(coordinate.image_id, coordinate.platform)
    )
    platforms: dict[str, list[Platform]] = defaultdict(list)
    for row in (await connection.execute(statement)).mappings():
        platforms[row["image_id"]].append(row["platform"])
    return platforms
