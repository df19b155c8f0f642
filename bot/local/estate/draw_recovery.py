"""Draws recovery pairs: their replication, the tests they had, and the room their recovery sites have."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from random import Random

from bot.local.estate.draw_assets import DrawnAsset
from tools.contracts.common import JsonObject

PAIRS = (
    ("aws-eu-west-1", "azure-westeurope"),
    ("aws-us-east-1", "azure-eastus2"),
    ("gcp-europe-west4", "vsphere-ams1"),
    ("gcp-us-central1", "vsphere-dfw1"),
)
DATASETS = ("orders-db", "sessions-cache", "uploads")
BEHIND_MINUTES = {"in-sync": (1, 4), "lagging": (25, 90), "failed": (600, 2000)}
BACKLOG_MB = {"in-sync": (20, 300), "lagging": (4_000, 20_000), "failed": (30_000, 90_000)}


def dr_pair_rows(random: Random, *, org: str, now: datetime) -> list[JsonObject]:
    states = ["in-sync", "in-sync", "lagging", random.choice(["in-sync", "failed"])]
    random.shuffle(states)
    return [
        {
            "org_id": org,
            "id": f"dr-{number}",
            "environment": "production",
            "primary_site_id": primary,
            "dr_site_id": recovery,
            "active_site_id": primary,
            "status": "healthy" if state == "in-sync" else "degraded",
            "replication_status": state,
            "rpo_minutes": 15,
            "rto_minutes": random.choice([30, 60, 120]),
            "last_failover_test": now - timedelta(days=random.randint(8, 75)),
            **_synced(state, minutes=random.randint(*BEHIND_MINUTES[state]), now=now),
        }
        for number, ((primary, recovery), state) in enumerate(zip(PAIRS, states, strict=True), start=1)
    ]


def _synced(state: str, *, minutes: float, now: datetime) -> JsonObject:
    """What has failed stays where it stopped; the rest follows the present at its distance."""
    if state == "failed":
        return {"last_sync_at": now - timedelta(minutes=minutes), "lag_seconds": None}
    return {"last_sync_at": None, "lag_seconds": round(60 * minutes, 1)}


def stream_rows(random: Random, pairs: list[JsonObject], *, now: datetime) -> list[JsonObject]:
    """One data set of each pair is as the pair says; the others are in sync. One pair says more than it holds."""
    rows: list[JsonObject] = []
    in_sync = [pair["id"] for pair in pairs if pair["replication_status"] == "in-sync"]
    stale = random.choice(in_sync)
    for pair in pairs:
        worst = random.choice(DATASETS)
        for dataset in DATASETS:
            state: str = pair["replication_status"] if dataset == worst else "in-sync"
            synced: JsonObject = {name: pair[name] for name in ("last_sync_at", "lag_seconds")}
            if dataset != worst:
                synced = _synced(state, minutes=random.uniform(0.1, 0.9), now=now)
            elif pair["id"] == stale:
                # Nobody looked at this data set when the pair was called in sync.
                synced = _synced("failed", minutes=random.randint(22, 70), now=now)
            rows.append(
                {
                    "org_id": pair["org_id"],
                    "dr_pair_id": pair["id"],
                    "dataset": dataset,
                    "status": state,
                    **synced,
                    "backlog_mb": round(random.uniform(*BACKLOG_MB[state]), 1),
                    "replay_mb_per_minute": None if state == "failed" else round(random.uniform(900, 1800), 1),
                }
            )
    return rows


def run_rows(random: Random, pairs: list[JsonObject], assets: list[DrawnAsset]) -> list[JsonObject]:
    """A drill about every quarter. The last of one pair failed, and the pair only remembers that there was one."""
    machines = Counter(
        asset.site.id for asset in assets if asset.environment == "production" and asset.state == "running"
    )
    disappointed = random.choice(pairs)["id"]
    rows: list[JsonObject] = []
    for pair in pairs:
        at: datetime = pair["last_failover_test"]
        for index in range(3):
            failed = index == 0 and pair["id"] == disappointed
            started = max(1, machines[pair["primary_site_id"]] - random.randint(0, 4))
            rows.append(
                {
                    "org_id": pair["org_id"],
                    "id": f"{pair['id']}-{at:%Y-%m-%d}",
                    "dr_pair_id": pair["id"],
                    "kind": "drill",
                    "at": at,
                    "ok": not failed,
                    "machines": 0 if failed else started,
                    "steps": _steps(random, started, until="start_machines" if failed else None),
                    "note": "start_machines: the recovery site's quota was used up" if failed else "",
                }
            )
            at -= timedelta(days=random.randint(80, 100))
    return rows


def _steps(random: Random, machines: int, *, until: str | None) -> list[JsonObject]:
    steps: list[JsonObject] = [
        {"name": "stop_writes", "minutes": round(random.uniform(0.5, 2), 1)},
        {"name": "replay", "minutes": round(random.uniform(0.2, 3), 1)},
        {"name": "start_machines", "minutes": round(machines * random.uniform(0.35, 0.8), 1)},
        {"name": "switch_traffic", "minutes": round(random.uniform(2, 6), 1)},
        {"name": "verify", "minutes": round(random.uniform(3, 8), 1)},
    ]
    names = [step["name"] for step in steps]
    return steps if until is None else steps[: names.index(until)]


def quota_rows(random: Random, assets: list[DrawnAsset], *, org: str) -> list[JsonObject]:
    """What recovery sites may run: their own machines, the primary's, and a little; in places one too few."""
    running = Counter(
        (asset.site.id, asset.role.family)
        for asset in assets
        if asset.environment == "production" and asset.state == "running"
    )
    rows: list[JsonObject] = []
    for primary, recovery in PAIRS:
        families = sorted({family for site, family in running if site in (primary, recovery)})
        short = random.choice([*families, *[None] * len(families)])
        for family in families:
            needed = running[primary, family] + running[recovery, family]
            spare = -1 if family == short else random.randint(0, 5)
            rows.append({"org_id": org, "site": recovery, "image_family": family, "machines": max(0, needed + spare)})
    return rows
