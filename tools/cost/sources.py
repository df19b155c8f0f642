"""Reading costs in the caller's org."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

from tools.base import ToolContext, ToolError
from tools.connectors.base import EstateError
from tools.connectors.billing import CostSource, DailyCostQuery
from tools.connectors.rows import every_row
from tools.contracts.common import Environment
from tools.cost.money import exact

PAGE = 500
MAX_ROWS = 100_000

Series = dict[tuple[Environment, str], dict[date, Decimal]]
"""(environment, image family) → day → cost."""


def cost_source(context: ToolContext) -> CostSource:
    """Raises `EstateError` when the estate's source keeps no costs: none kept is not nothing spent."""
    if isinstance(context.estate, CostSource):
        return context.estate
    raise EstateError(f"{context.estate.name} keeps no costs. Nothing was computed.")


async def daily_series(context: ToolContext, *, start: date, end: date, environment: Environment | None) -> Series:
    """Raises `ToolError` where no day has a cost."""
    org, source = context.caller.org, cost_source(context)
    query = DailyCostQuery(start=start, end=end, environment=environment)
    rows = await every_row(
        lambda cursor: source.daily_costs(org, query, limit=PAGE, cursor=cursor),
        org=org,
        source=context.estate.name,
        what="daily costs",
        at_most=MAX_ROWS,
    )
    if not rows:
        place = f" of {environment}" if environment else ""
        raise ToolError(f"Nothing was computed. No costs{place} are on record from {start} to {end}.")
    series: Series = defaultdict(dict)
    for row in rows:
        series[row.environment, row.image_family][row.day] = exact(row.cost_usd)
    return series


def after(cursor: str | None, places: list[str]) -> int:
    """The index behind the place that the cursor names. Raises `ToolError` for a cursor of no page."""
    if cursor is None:
        return 0
    if cursor not in places:
        raise ToolError(f"{cursor[:80]!r} is no page cursor. Use the `next_cursor` of the page before.")
    return places.index(cursor) + 1
