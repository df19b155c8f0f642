"""`get_billing_data`: bills of months that are over, added up as asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from tools.base import ToolContext, ToolError
from tools.connectors.billing import BillQuery
from tools.connectors.rows import every_row
from tools.contracts.billing import BillLine
from tools.cost.models import BillGroup, Dimension, GetBillingDataInput, GetBillingDataOutput, MonthTotal
from tools.cost.money import dollars, percent, total
from tools.cost.sources import MAX_ROWS, PAGE, after, cost_source

MAX_MONTHS = 24


async def get_billing_data(given: GetBillingDataInput, context: ToolContext) -> GetBillingDataOutput:
    """Raises `ToolError` when none of the months has a bill: unknown is not free of charge."""
    first, last = _span(given, context.now().date())
    months = _months(first, last)
    if len(months) > MAX_MONTHS:
        raise ToolError(f"Nothing was computed. {first} to {last} are {len(months)} months; at most {MAX_MONTHS}.")
    org, source = context.caller.org, cost_source(context)
    query = BillQuery(
        first_month=first,
        last_month=last,
        environment=given.environment,
        sites=given.sites,
        image_families=given.image_families,
    )
    lines = await every_row(
        lambda cursor: source.bill_lines(org, query, limit=PAGE, cursor=cursor),
        org=org,
        source=context.estate.name,
        what="bill lines",
        at_most=MAX_ROWS,
    )
    if not lines:
        raise ToolError(f"Nothing was computed. No bill for this is on record from {first} to {last}.")
    groups = _groups(lines, given.group_by)
    start = after(given.cursor, [_place(group) for group in groups])
    page = groups[start : start + given.limit]
    return GetBillingDataOutput(
        first_month=first,
        last_month=last,
        total_usd=dollars(total(line.cost_usd for line in lines)),
        months=_month_totals(lines),
        months_without_bill=[month for month in months if month not in {line.month for line in lines}],
        groups=page,
        returned=len(page),
        next_cursor=_place(page[-1]) if start + given.limit < len(groups) else None,
    )


def _span(given: GetBillingDataInput, today: date) -> tuple[str, str]:
    before = _months_before(today, 1)
    last = given.last_month or before
    first = given.first_month or _months_before(date.fromisoformat(f"{last}-01"), given.months - 1)
    if last > before:
        raise ToolError(
            f"Nothing was computed. {last} is not over: there is no bill of it. The last full month: {before}."
        )
    if first > last:
        raise ToolError("Nothing was computed: `first_month` is after `last_month`.")
    return first, last


def _groups(lines: Sequence[BillLine], group_by: Sequence[Dimension]) -> list[BillGroup]:
    """The dearest first."""
    dimensions = set(group_by)
    found: dict[tuple[str, ...], list[BillLine]] = defaultdict(list)
    for line in lines:
        key = (line.month, line.site, line.environment, line.image_family)
        names = ("month", "site", "environment", "image_family")
        found[tuple(value if name in dimensions else "" for name, value in zip(names, key, strict=True))].append(line)
    whole = total(line.cost_usd for line in lines)
    ordered = sorted(found.items(), key=lambda group: (-total(line.cost_usd for line in group[1]), group[0]))
    return [_group(rows, dimensions, whole) for _, rows in ordered]


def _group(rows: Sequence[BillLine], dimensions: set[Dimension], whole: Decimal) -> BillGroup:
    row, cost = rows[0], total(line.cost_usd for line in rows)
    return BillGroup(
        month=row.month if "month" in dimensions else None,
        site=row.site if "site" in dimensions else None,
        environment=row.environment if "environment" in dimensions else None,
        image_family=row.image_family if "image_family" in dimensions else None,
        cost_usd=dollars(cost),
        hours=float(total(line.hours for line in rows)),
        share_pct=percent(cost, whole),
    )


def _month_totals(lines: Sequence[BillLine]) -> list[MonthTotal]:
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        costs[line.month] += total([line.cost_usd])
    rows: list[MonthTotal] = []
    for month, cost in sorted(costs.items()):
        before = costs.get(_months_before(date.fromisoformat(f"{month}-01"), 1))
        change = None if before is None else percent(cost - before, before)
        rows.append(MonthTotal(month=month, cost_usd=dollars(cost), change_pct=change))
    return rows


def _place(group: BillGroup) -> str:
    return "|".join(part or "" for part in (group.month, group.site, group.environment, group.image_family))


def _months(first: str, last: str) -> list[str]:
    start, end = date.fromisoformat(f"{first}-01"), date.fromisoformat(f"{last}-01")
    count = (end.year - start.year) * 12 + end.month - start.month
    return [_months_before(end, number) for number in range(count, -1, -1)]


def _months_before(day: date, count: int) -> str:
    months = day.year * 12 + day.month - 1 - count
    return f"{months // 12:04d}-{months % 12 + 1:02d}"
