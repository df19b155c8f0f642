"""Change windows: when all of several sites may be changed at once."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from bot.ledger.statements import Question
from bot.local.estate import tables
from tools.contracts.common import Environment
from tools.contracts.taskspec import TimeWindow

_WINDOW = tables.change_windows.c
_WINDOWS = (
    select(_WINDOW.site, _WINDOW.opens_at, _WINDOW.closes_at)
    .where(_WINDOW.org_id == bindparam("org"), _WINDOW.environment == bindparam("environment"))
    .order_by(_WINDOW.opens_at)
)
_OF_ALL, _OF_SITES = Question(_WINDOWS), Question(_WINDOWS.where(_WINDOW.site.in_(bindparam("sites", expanding=True))))


def windows_of(connection: Connection, org: str, environment: Environment, sites: list[str]) -> list[list[TimeWindow]]:
    """For each site (all of the environment's when none is named), its windows."""
    per_site: dict[str, list[TimeWindow]] = defaultdict(list)
    given = {"org": org, "environment": environment}
    for row in _OF_SITES.rows(connection, {**given, "sites": sites}) if sites else _OF_ALL.rows(connection, given):
        per_site[row["site"]].append(TimeWindow(start=row["opens_at"], end=row["closes_at"]))
    return [per_site[site] for site in sites or sorted(per_site)]


def common_window(per_site: list[list[TimeWindow]], *, after: datetime) -> TimeWindow | None:
    """The earliest window, still open after the moment, that lies in a window of every site; None without one."""
    if not per_site:
        return None
    common = per_site[0]
    for windows in per_site[1:]:
        common = [
            TimeWindow(start=max(ours.start, theirs.start), end=min(ours.end, theirs.end))
            for ours in common
            for theirs in windows
            if max(ours.start, theirs.start) < min(ours.end, theirs.end)
        ]
    still_open = [window for window in common if window.end > after]
    return min(still_open, key=lambda window: window.start, default=None)
