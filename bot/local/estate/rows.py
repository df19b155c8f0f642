"""Rows of the sample estate as the contracts' models."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.engine import RowMapping

from bot.ledger.statements import Question
from bot.local.estate import tables
from tools.contracts.common import Platform
from tools.contracts.estate import Asset, AssetHealth, Image

_IMAGE_FIELDS = tuple(name for name in Image.model_fields if name != "platforms")

# Made once: these are asked for many times a task, and to make a statement takes as long as to run it.
_ALL = (
    select(*(tables.images.c[name] for name in _IMAGE_FIELDS))
    .where(tables.images.c.org_id == bindparam("org"))
    .order_by(tables.images.c.created_at.desc(), tables.images.c.id)
)
_IMAGES, _OF_FAMILY = Question(_ALL), Question(_ALL.where(tables.images.c.family == bindparam("family")))
_IMAGE = Question(_ALL.where(tables.images.c.id == bindparam("image")))
_ANYWHERE = (
    select(tables.image_coordinates.c.image_id, tables.image_coordinates.c.platform)
    .where(tables.image_coordinates.c.org_id == bindparam("org"))
    .distinct()
    .order_by(tables.image_coordinates.c.image_id, tables.image_coordinates.c.platform)
)
_PUBLISHED = Question(_ANYWHERE)
_IMAGE_PUBLISHED = Question(_ANYWHERE.where(tables.image_coordinates.c.image_id == bindparam("image")))


ASSETS = select(*(tables.assets.c[name] for name in Asset.model_fields))


def asset_of(row: RowMapping) -> Asset:
    return Asset.model_validate({name: row[name] for name in Asset.model_fields})


def health_of(row: RowMapping | Mapping[str, Any]) -> AssetHealth:
    """A machine that does not run sends no heartbeat, whatever its last row says."""
    running = row["state"] == "running"
    return AssetHealth(
        asset_id=row["asset_id"],
        heartbeat=running and bool(row["heartbeat"]),
        http_ok=running and bool(row["http_ok"]),
        error_rate_percent=row["error_rate_percent"],
        image_version=row["image_version"],
    )


def read_images(connection: Connection, org: str, *, family: str | None = None) -> list[Image]:
    """The org's images, newest first, with the platforms each is published on."""
    published: dict[str, list[Platform]] = defaultdict(list)
    for row in _PUBLISHED.rows(connection, {"org": org}):
        published[row["image_id"]].append(row["platform"])
    if family is None:
        rows = _IMAGES.rows(connection, {"org": org})
    else:
        rows = _OF_FAMILY.rows(connection, {"org": org, "family": family})
    return [Image.model_validate({**row, "platforms": published.get(row["id"], [])}) for row in rows]


def read_image(connection: Connection, org: str, image_id: str) -> Image | None:
    """One of :func:`read_images`; None: the org has no such image."""
    given = {"org": org, "image": image_id}
    row = _IMAGE.row(connection, given)
    if row is None:
        return None
    platforms = [published["platform"] for published in _IMAGE_PUBLISHED.rows(connection, given)]
    return Image.model_validate({**row, "platforms": platforms})
