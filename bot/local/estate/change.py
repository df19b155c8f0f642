"""Changing the sample estate: one journaled call, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ledger.statements import Change, Question
from bot.local.estate import tables
from bot.local.estate.rows import ASSETS, read_image
from tools.connectors.base import EstateError
from tools.contracts.common import digest_of
from tools.contracts.estate import Asset, ChangeResult, Image

FaultKind = Literal["apply_fails", "unhealthy_after_change"]
"""`apply_fails`: a rollout leaves the asset as it was. `unhealthy_after_change`: it rolls out, then is ill until it
is rolled back."""

ILL_ERROR_RATE = 38.0
WELL_ERROR_RATE = 0.2

# Made once: to make a statement takes as long as to run it.
_CALLS, _ROWS = tables.change_calls.c, tables.changes.c
_CALL = Question(
    select(_CALLS.request_digest).where(_CALLS.org_id == bindparam("org"), _CALLS.idempotency_key == bindparam("key"))
)
_CHANGES = Question(
    select(_ROWS.asset_id, _ROWS.ok, _ROWS.to_version, _ROWS.message)
    .where(_ROWS.org_id == bindparam("org"), _ROWS.idempotency_key == bindparam("key"))
    .order_by(_ROWS.position)
)
_LOCKED = Question(
    ASSETS.where(tables.assets.c.org_id == bindparam("org"), tables.assets.c.id.in_(bindparam("ids", expanding=True)))
)
_FAULTS = Question(
    select(tables.faults.c.asset_id, tables.faults.c.kind).where(
        tables.faults.c.org_id == bindparam("org"), tables.faults.c.asset_id.in_(bindparam("ids", expanding=True))
    )
)
_ADD_CALL, _ADD_CHANGE = Change(insert(tables.change_calls)), Change(insert(tables.changes))
_SET_VERSION = Change(
    update(tables.assets)
    .where(tables.assets.c.org_id == bindparam("of_org"), tables.assets.c.id == bindparam("of_asset"))
    .values({name: bindparam(name) for name in ("image_version", "updated_at")})
)
_SET_HEALTH = Change(
    update(tables.asset_health)
    .where(tables.asset_health.c.org_id == bindparam("of_org"), tables.asset_health.c.asset_id == bindparam("of_asset"))
    .values({name: bindparam(name) for name in ("heartbeat", "http_ok", "error_rate_percent")})
)


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
    call = {"org_id": request.org, "idempotency_key": request.key}
    _ADD_CALL.make(connection, {**call, "request_digest": request.digest, "at": request.at})
    results: list[ChangeResult] = []
    for position, asset in enumerate(assets):
        result = _change_one(connection, request, asset, target, fault=faults.get(asset.id))
        _ADD_CHANGE.make(
            connection,
            {
                **call,
                "position": position,
                "asset_id": asset.id,
                "kind": request.kind,
                "image_id": target.id,
                "from_version": asset.image_version,
                "to_version": result.image_version,
                "ok": result.ok,
                "message": result.message,
                "at": request.at,
            },
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
    given = {"org": request.org, "key": request.key}
    call = _CALL.row(connection, given)
    if call is None:
        return None
    if call["request_digest"] != request.digest:
        raise EstateError(f"The key {request.key!r} was used for another change. Nothing was changed.")
    return [
        ChangeResult(asset_id=row["asset_id"], ok=row["ok"], image_version=row["to_version"], message=row["message"])
        for row in _CHANGES.rows(connection, given)
    ]


def _target(connection: Connection, request: ChangeRequest) -> Image:
    image = read_image(connection, request.org, request.image_id)
    if image is None:
        raise EstateError(f"The sample estate has no image {request.image_id!r}. Nothing was changed.")
    # The way back leads to what ran before, deprecated or not; the way forward only to what may run.
    if request.kind == "rollout" and (not image.signed or image.status in ("draft", "deprecated")):
        raise EstateError(f"{image.id} is {image.status}, signed: {image.signed}. Nothing was changed.")
    return image


def _locked_assets(connection: Connection, request: ChangeRequest) -> list[Asset]:
    wanted = list(dict.fromkeys(request.asset_ids))
    rows = _LOCKED.rows(connection, {"org": request.org, "ids": wanted})
    known = {row["id"]: Asset.model_validate(row) for row in rows}
    if unknown := [asset_id for asset_id in wanted if asset_id not in known]:
        raise EstateError(f"The sample estate has no assets {', '.join(unknown[:10])}. Nothing was changed.")
    return [known[asset_id] for asset_id in wanted]


def _faults(connection: Connection, request: ChangeRequest) -> dict[str, str]:
    rows = _FAULTS.rows(connection, {"org": request.org, "ids": list(request.asset_ids)})
    return {row["asset_id"]: row["kind"] for row in rows}


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
    this = {"of_org": request.org, "of_asset": asset.id}
    _SET_VERSION.make(connection, {**this, "image_version": target.version, "updated_at": request.at})
    rate = ILL_ERROR_RATE if ill else WELL_ERROR_RATE
    _SET_HEALTH.make(connection, {**this, "heartbeat": True, "http_ok": not ill, "error_rate_percent": rate})
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
