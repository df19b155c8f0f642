"""Changing the sample estate: one journaled call, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.local.estate import tables
from bot.local.estate.rows import asset_of, read_images
from tools.connectors.base import EstateError
from tools.contracts.common import digest_of
from tools.contracts.estate import Asset, ChangeResult, Image

FaultKind = Literal["apply_fails", "unhealthy_after_change"]
"""`apply_fails`: a rollout leaves the asset as it was. `unhealthy_after_change`: it rolls out, then is ill until it
is rolled back."""

ILL_ERROR_RATE = 38.0
WELL_ERROR_RATE = 0.2


@dataclass(frozen=True)
class ChangeRequest:
    org: str
    asset_ids: tuple[str, ...]
    image_id: str
    key: str
    kind: Literal["rollout", "rollback"]
    at: datetime

    @property
    def digest(self) -> str:
        """Of what is asked for; not of when."""
        return digest_of({"assets": list(self.asset_ids), "image": self.image_id, "kind": self.kind})


@dataclass(frozen=True)
class JournalEntry:
    """One asset in one call."""

    key: str
    asset_id: str
    kind: str
    image_id: str
    from_version: str | None
    to_version: str | None
    ok: bool
    at: datetime


def apply_change(connection: Connection, request: ChangeRequest) -> list[ChangeResult]:
    """Answers from the journal when the key is known. Blocking, and short.

    Raises `EstateError`, with nothing changed.
    """
    if not request.key:
        raise EstateError("A change needs an idempotency key. Nothing was changed.")
    earlier = _earlier(connection, request)
    if earlier is not None:
        return earlier
    target = _target(connection, request)
    assets = _locked_assets(connection, request)
    faults = _faults(connection, request)
    connection.execute(
        insert(tables.change_calls).values(
            org_id=request.org, idempotency_key=request.key, request_digest=request.digest, at=request.at
        )
    )
    results: list[ChangeResult] = []
    for position, asset in enumerate(assets):
        result = _change_one(connection, request, asset, target, fault=faults.get(asset.id))
        connection.execute(
            insert(tables.changes).values(
                org_id=request.org,
                idempotency_key=request.key,
                position=position,
                asset_id=asset.id,
                kind=request.kind,
                image_id=target.id,
                from_version=asset.image_version,
                to_version=result.image_version,
                ok=result.ok,
                message=result.message,
                at=request.at,
            )
        )
        results.append(result)
    return results


async def journal_rows(connection: AsyncConnection, org: str) -> list[JournalEntry]:
    change = tables.changes.c
    statement = (
        select(tables.changes).where(change.org_id == org).order_by(change.at, change.idempotency_key, change.position)
    )
    return [
        JournalEntry(
            key=row["idempotency_key"],
            asset_id=row["asset_id"],
            kind=row["kind"],
            image_id=row["image_id"],
            from_version=row["from_version"],
            to_version=row["to_version"],
            ok=row["ok"],
            at=row["at"],
        )
        for row in (await connection.execute(statement)).mappings()
    ]


def _earlier(connection: Connection, request: ChangeRequest) -> list[ChangeResult] | None:
    call = tables.change_calls.c
    known = connection.execute(
        select(call.request_digest).where(call.org_id == request.org, call.idempotency_key == request.key)
    )
    digest = known.scalar_one_or_none()
    if digest is None:
        return None
    if digest != request.digest:
        raise EstateError(f"The key {request.key!r} was used for another change. Nothing was changed.")
    change = tables.changes.c
    rows = connection.execute(
        select(tables.changes)
        .where(change.org_id == request.org, change.idempotency_key == request.key)
        .order_by(change.position)
    )
    return [
        ChangeResult(asset_id=row["asset_id"], ok=row["ok"], image_version=row["to_version"], message=row["message"])
        for row in rows.mappings()
    ]


def _target(connection: Connection, request: ChangeRequest) -> Image:
    for image in read_images(connection, request.org):
        if image.id == request.image_id:
            # The way back leads to what ran before, deprecated or not; the way forward only to what may run.
            if request.kind == "rollout" and (not image.signed or image.status in ("draft", "deprecated")):
                raise EstateError(f"{image.id} is {image.status}, signed: {image.signed}. Nothing was changed.")
            return image
    raise EstateError(f"The sample estate has no image {request.image_id!r}. Nothing was changed.")


def _locked_assets(connection: Connection, request: ChangeRequest) -> list[Asset]:
    asset = tables.assets.c
    rows = connection.execute(select(tables.assets).where(asset.org_id == request.org, asset.id.in_(request.asset_ids)))
    known = {row["id"]: asset_of(row) for row in rows.mappings()}
    wanted = list(dict.fromkeys(request.asset_ids))
    if unknown := [asset_id for asset_id in wanted if asset_id not in known]:
        raise EstateError(f"The sample estate has no assets {', '.join(unknown[:10])}. Nothing was changed.")
    return [known[asset_id] for asset_id in wanted]


def _faults(connection: Connection, request: ChangeRequest) -> dict[str, str]:
    fault = tables.faults.c
    rows = connection.execute(
        select(fault.asset_id, fault.kind).where(fault.org_id == request.org, fault.asset_id.in_(request.asset_ids))
    )
    return {row["asset_id"]: row["kind"] for row in rows.mappings()}


def _change_one(
    connection: Connection, request: ChangeRequest, asset: Asset, target: Image, *, fault: str | None
) -> ChangeResult:
    if obstacle := _obstacle(asset, target):
        return ChangeResult(asset_id=asset.id, ok=False, image_version=asset.image_version, message=obstacle)
    failing = fault if request.kind == "rollout" else None
    if failing == "apply_fails":
        message = f"The rebuild on {target.version} did not come up; {asset.image_version} was kept."
        return ChangeResult(asset_id=asset.id, ok=False, image_version=asset.image_version, message=message)
    ill = failing == "unhealthy_after_change"
    row = tables.assets.c
    connection.execute(
        update(tables.assets)
        .where(row.org_id == request.org, row.id == asset.id)
        .values(image_version=target.version, updated_at=request.at)
    )
    health = tables.asset_health.c
    connection.execute(
        update(tables.asset_health)
        .where(health.org_id == request.org, health.asset_id == asset.id)
        .values(heartbeat=True, http_ok=not ill, error_rate_percent=ILL_ERROR_RATE if ill else WELL_ERROR_RATE)
    )
    message = f"{asset.image_version} → {target.version}"
    return ChangeResult(asset_id=asset.id, ok=True, image_version=target.version, message=message)


def _obstacle(asset: Asset, target: Image) -> str:
    if asset.state != "running":
        return f"It is {asset.state}; only a running asset is rebuilt in place."
    if asset.image_family != target.family:
        return f"It runs {asset.image_family}, not {target.family}."
    if asset.platform not in target.platforms:
        return f"{target.version} is not published on {asset.platform}."
    return ""
