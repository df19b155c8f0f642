"""Draws what the estate costs: hours of machines at their size's price, day by day, and the bills that follow."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from bot.local.estate.draw_assets import DrawnAsset
from bot.local.estate.fleets import ENVIRONMENTS
from tools.contracts.common import JsonObject

MONTHS_BILLED = 3
OBSERVED_DAYS = 30
HOURS_OBSERVED = 24.0 * OBSERVED_DAYS

SIZES: tuple[tuple[str, int, float, float], ...] = (
    ("general-2", 2, 8, 0.085),
    ("general-4", 4, 16, 0.17),
    ("general-8", 8, 32, 0.35),
    ("balanced-2", 2, 6, 0.095),
    ("balanced-4", 4, 12, 0.19),
    ("compute-2", 2, 4, 0.075),
    ("compute-4", 4, 8, 0.15),
    ("memory-2", 2, 16, 0.155),
    ("memory-4", 4, 32, 0.31),
    ("memory-8", 8, 64, 0.62),
    ("storage-2", 2, 8, 0.12),
    ("storage-4", 4, 16, 0.24),
)
"""Name (series, then vCPUs), vCPUs, GB, dollars an hour."""

SIZE_OF_ROLE = {
    "web": "general-4",
    "api": "balanced-4",
    "worker": "compute-4",
    "db": "memory-8",
    "cache": "memory-4",
    "queue": "storage-4",
    "node": "general-8",
}


@dataclass(frozen=True)
class Life:
    """When a machine ran."""

    asset: DrawnAsset
    first: date
    last: date | None
    """None: it runs."""


@dataclass(frozen=True)
class Place:
    day: date
    site: str
    environment: str
    family: str


def size_rows(*, org: str) -> list[JsonObject]:
    return [
        {
            "org_id": org,
            "name": name,
            "series": name.rpartition("-")[0],
            "vcpus": vcpus,
            "memory_gb": memory,
            "hourly_usd": price,
        }
        for name, vcpus, memory, price in SIZES
    ]


def usage_rows(random: Random, assets: list[DrawnAsset], *, org: str, now: datetime) -> list[JsonObject]:
    """Most machines are used as they are sized. Some are far too big, some nobody watches, a few stopped long ago."""
    rows: list[JsonObject] = []
    for asset in assets:
        row: JsonObject = {
            "org_id": org,
            "asset_id": asset.id,
            "size": SIZE_OF_ROLE[asset.role.name],
            "observed_days": OBSERVED_DAYS,
            "cpu_p95_percent": round(random.uniform(38, 82), 1),
            "memory_p95_percent": round(random.uniform(45, 85), 1),
            "running_hours": HOURS_OBSERVED,
            "busy_hours": round(random.uniform(600, HOURS_OBSERVED), 1),
            "stopped_at": None,
            "storage_usd_month": round(random.uniform(4, 30), 2),
        }
        if asset.environment != "production":
            row["busy_hours"] = round(random.uniform(110, 300), 1)
        if random.random() < 0.2:
            row |= {"cpu_p95_percent": round(random.uniform(3, 15), 1)}
            row |= {"memory_p95_percent": round(random.uniform(8, 28), 1)}
        if asset.state != "running":
            stopped_at = now - timedelta(days=random.randint(2, 110), hours=random.randint(0, 23))
            row |= {"stopped_at": stopped_at, "running_hours": 0.0, "busy_hours": 0.0}
            row |= {"cpu_p95_percent": None, "memory_p95_percent": None}
        elif random.random() < 0.04:
            row |= {"cpu_p95_percent": None, "memory_p95_percent": None, "busy_hours": None, "observed_days": 0}
        rows.append(row)
    return rows


def hours_of(random: Random, assets: list[DrawnAsset], usage: list[JsonObject], *, now: datetime) -> dict[Place, float]:
    """Machine-hours of each day that is over, since the first billed month began; with one burst nobody planned."""
    stopped: dict[str, datetime | None] = {row["asset_id"]: row["stopped_at"] for row in usage}
    lives = [Life(asset, asset.discovered_at.date(), _day_of(stopped[asset.id])) for asset in assets]
    first = _months_before(now, MONTHS_BILLED)
    days = [first + timedelta(days=number) for number in range((now.date() - first).days)]
    hours: dict[Place, float] = defaultdict(float)
    for life in lives:
        asset = life.asset
        for day in days:
            if life.first <= day and (life.last is None or day < life.last):
                hours[Place(day, asset.site.id, asset.environment, asset.role.family)] += 24
    burst = random.choice([asset for asset in assets if asset.role.name == "worker" and asset.state == "running"])
    started, extra = random.randint(5, 9), 24.0 * random.randint(12, 30)
    for day in days[-started : -started + 3]:
        hours[Place(day, burst.site.id, burst.environment, burst.role.family)] += extra
    return hours


def daily_cost_rows(hours: dict[Place, float], *, org: str) -> list[JsonObject]:
    costs: dict[tuple[date, str, str], float] = defaultdict(float)
    for place, count in hours.items():
        costs[place.day, place.environment, place.family] += count * _price_of(place.family)
    return [
        {
            "org_id": org,
            "day": day.isoformat(),
            "environment": environment,
            "image_family": family,
            "cost_usd": round(cost, 2),
        }
        for (day, environment, family), cost in sorted(costs.items())
    ]


def bill_rows(hours: dict[Place, float], assets: list[DrawnAsset], *, org: str, now: datetime) -> list[JsonObject]:
    """The months that are over."""
    machines: dict[tuple[str, str, str], int] = defaultdict(int)
    for asset in assets:
        machines[asset.site.id, asset.environment, asset.role.family] += 1
    months: dict[tuple[str, str, str, str], float] = defaultdict(float)
    for place, count in hours.items():
        if (place.day.year, place.day.month) != (now.year, now.month):
            months[f"{place.day:%Y-%m}", place.site, place.environment, place.family] += count
    return [
        {
            "org_id": org,
            "month": month,
            "site": site,
            "environment": environment,
            "image_family": family,
            "assets": machines[site, environment, family],
            "hours": count,
            "cost_usd": round(count * _price_of(family), 2),
        }
        for (month, site, environment, family), count in sorted(months.items())
    ]


def budget_rows(random: Random, bills: list[JsonObject], *, org: str) -> list[JsonObject]:
    """Near what the last month cost. One of the small environments may have none."""
    last = max(row["month"] for row in bills)
    without = random.choice(("development", "staging", None))
    rows: list[JsonObject] = []
    for environment in ENVIRONMENTS:
        cost = sum(row["cost_usd"] for row in bills if row["month"] == last and row["environment"] == environment)
        share = random.uniform(0.92, 1.15)
        if environment != without:
            rows.append({"org_id": org, "environment": environment, "monthly_usd": float(round(cost * share, -2))})
    return rows


def _price_of(family: str) -> float:
    size = SIZE_OF_ROLE[family.removesuffix("-base")]
    return next(price for name, _, _, price in SIZES if name == size)


def _day_of(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _months_before(now: datetime, count: int) -> date:
    """The first day of the month `count` months before the present one."""
    months = now.year * 12 + now.month - 1 - count
    return date(months // 12, months % 12 + 1, 1)
