"""Draws the change windows: production opens for part of each day, the other environments are always open."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from bot.local.estate.fleets import CLUSTERS, ENVIRONMENTS, SITES
from tools.contracts.common import JsonObject

DAYS = 90


def change_window_rows(random: Random, *, org: str, now: datetime) -> list[JsonObject]:
    """For each site; production's first window is open at `now` in all of them, and comes again every day."""
    today = now.replace(minute=0, second=0, microsecond=0)
    rows: list[JsonObject] = []
    for site in (*SITES, *CLUSTERS):
        opens = today - timedelta(hours=random.randint(1, 3))
        closes = today + timedelta(hours=random.randint(9, 13))
        for environment in ENVIRONMENTS:
            if environment == "production":
                spans = [(opens + timedelta(days=day), closes + timedelta(days=day)) for day in range(DAYS)]
            else:
                spans = [(today - timedelta(days=1), today + timedelta(days=DAYS))]
            rows.extend(
                {"org_id": org, "environment": environment, "site": site.id, "opens_at": start, "closes_at": end}
                for start, end in spans
            )
    return rows
