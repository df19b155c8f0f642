"""Drills, failovers and ways back in the sample estate: measured from its rows, recorded, done once per key."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.local.estate import tables
from bot.local.estate.recovery_tables import dr_pairs, dr_runs, replication_streams, site_quotas
from tools.connectors.base import EstateError
from tools.contracts.common import JsonObject
from tools.contracts.recovery import DrRun, DrRunKind

SECONDS_TO_START_ONE = 30
RESYNCED_LAG_SECONDS = 5.0


@dataclass(frozen=True)
class RunRequest:
    org: str
    dr_pair_id: str
    key: str
    kind: DrRunKind
    at: datetime


async def perform_run(connection: AsyncConnection, request: RunRequest) -> DrRun:
    """Answers with the recorded run when the key is known. Raises `EstateError`, with nothing changed."""
    if not request.key:
        raise EstateError("A change needs an idempotency key. Nothing was changed.")
    earlier = await _earlier(connection, request)
    if earlier is not None:
        return earlier
    pair = await _pair(connection, request)
    _require_direction(pair, request)
    run = await _measured(connection, request, pair)
    await connection.execute(insert(dr_runs).values(run.model_dump()))
    row = dr_pairs.c
    changed: JsonObject = {}
    if run.ok and request.kind == "drill":
        changed = {"last_failover_test": request.at}
    elif run.ok:
        over = request.kind == "failover"
        changed = {
            "active_site_id": pair["dr_site_id"] if over else pair["primary_site_id"],
            "status": "failed-over" if over else "healthy",
            "replication_status": "in-sync",
            "last_sync_at": None,
            "lag_seconds": RESYNCED_LAG_SECONDS,
        }
        await _replicate_from_there(connection, request)
    if changed:
        await connection.execute(
            update(dr_pairs).where(row.org_id == request.org, row.id == request.dr_pair_id).values(changed)
        )
    return run


async def _earlier(connection: AsyncConnection, request: RunRequest) -> DrRun | None:
    found = await connection.execute(
        select(dr_runs).where(dr_runs.c.org_id == request.org, dr_runs.c.id == request.key)
    )
    row = found.mappings().one_or_none()
    if row is None:
        return None
    run = DrRun.model_validate(dict(row))
    if (run.dr_pair_id, run.kind) != (request.dr_pair_id, request.kind):
        raise EstateError(f"The key {request.key!r} was used for another change. Nothing was changed.")
    return run


async def _pair(connection: AsyncConnection, request: RunRequest) -> RowMapping:
    found = await connection.execute(
        select(dr_pairs).where(dr_pairs.c.org_id == request.org, dr_pairs.c.id == request.dr_pair_id)
    )
    row = found.mappings().one_or_none()
    if row is None:
        raise EstateError(f"The sample estate has no recovery pair {request.dr_pair_id!r}. Nothing was changed.")
    return row


def _require_direction(pair: RowMapping, request: RunRequest) -> None:
    active = pair["active_site_id"]
    starts_at = pair["dr_site_id"] if request.kind == "failback" else pair["primary_site_id"]
    if active != starts_at:
        raise EstateError(f"{pair['id']} is active in {active}: there is no {request.kind} from there.")


async def _measured(connection: AsyncConnection, request: RunRequest, pair: RowMapping) -> DrRun:
    """How it goes with today's replication, machines and quotas."""
    steps: list[JsonObject] = [{"name": "stop_writes", "minutes": 1.0}]
    machines, note = 0, ""
    replay, obstacle = await _replay_minutes(connection, request)
    if obstacle:
        note = f"replay: {obstacle}"
    else:
        steps.append({"name": "replay", "minutes": replay})
        moving, obstacle = await _room(connection, request.org, pair)
        if obstacle:
            note = f"start_machines: {obstacle}"
        else:
            machines = moving
            steps.append({"name": "start_machines", "minutes": round(moving * SECONDS_TO_START_ONE / 60, 2)})
            steps += [{"name": "switch_traffic", "minutes": 3.0}, {"name": "verify", "minutes": 4.0}]
    values: dict[str, Any] = {
        "id": request.key,
        "org_id": request.org,
        "dr_pair_id": request.dr_pair_id,
        "kind": request.kind,
        "at": request.at,
        "ok": not note,
        "machines": machines,
        "steps": steps,
        "note": note,
    }
    return DrRun.model_validate(values)


async def _replay_minutes(connection: AsyncConnection, request: RunRequest) -> tuple[float, str]:
    stream = replication_streams.c
    rows = await connection.execute(
        select(replication_streams).where(stream.org_id == request.org, stream.dr_pair_id == request.dr_pair_id)
    )
    longest = 0.0
    for row in rows.mappings():
        rate = row["replay_mb_per_minute"]
        if row["status"] == "failed" or not rate:
            return 0.0, f"the replication of {row['dataset']} has failed"
        longest = max(longest, row["backlog_mb"] / rate)
    return round(longest, 2), ""


async def _room(connection: AsyncConnection, org: str, pair: RowMapping) -> tuple[int, str]:
    """How many machines must be started where traffic goes, and why they cannot be. The primary's still run."""
    if pair["active_site_id"] == pair["dr_site_id"]:
        return 0, ""
    asset = tables.assets.c
    rows = await connection.execute(
        select(asset.site, asset.image_family).where(
            asset.org_id == org,
            asset.environment == pair["environment"],
            asset.state == "running",
            asset.site.in_((pair["primary_site_id"], pair["dr_site_id"])),
        )
    )
    running = Counter((row["site"], row["image_family"]) for row in rows.mappings())
    moving = {family: count for (site, family), count in running.items() if site == pair["primary_site_id"]}
    quota = site_quotas.c
    found = await connection.execute(
        select(quota.image_family, quota.machines).where(quota.org_id == org, quota.site == pair["dr_site_id"])
    )
    allowed = {row["image_family"]: row["machines"] for row in found.mappings()}
    for family, count in sorted(moving.items()):
        if running[pair["dr_site_id"], family] + count > allowed.get(family, 0):
            return 0, f"the quota of {family} in {pair['dr_site_id']} is used up"
    return sum(moving.values()), ""


async def _replicate_from_there(connection: AsyncConnection, request: RunRequest) -> None:
    """Once traffic has moved, what is written there is replicated back."""
    stream = replication_streams.c
    await connection.execute(
        update(replication_streams)
        .where(stream.org_id == request.org, stream.dr_pair_id == request.dr_pair_id)
        .values(status="in-sync", last_sync_at=None, lag_seconds=RESYNCED_LAG_SECONDS, backlog_mb=0.0)
    )
