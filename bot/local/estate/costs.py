"""The sample estate's costs, as the connector protocol of `tools.connectors.billing`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, select, tuple_

from bot.local.estate import tables
from bot.local.estate.connection import EstateFile
from bot.local.estate.cost_tables import asset_usage, bills, budgets, daily_costs, machine_sizes
from tools.connectors.base import EstateError
from tools.connectors.billing import BillQuery, DailyCostQuery
from tools.contracts.billing import AssetUsage, BillLine, Budget, DailyCost, MachineSize
from tools.contracts.common import Contract, Environment

Model = TypeVar("Model", bound=Contract)


class SampleCosts(EstateFile):
    """Implements `CostSource`."""

    async def bill_lines(
        self, org: str, query: BillQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[BillLine], str | None]:
        line = bills.c
        statement = select(bills).where(line.org_id == org, line.month.between(query.first_month, query.last_month))
        if query.environment is not None:
            statement = statement.where(line.environment == query.environment)
        if query.sites:
            statement = statement.where(line.site.in_(query.sites))
        if query.image_families:
            statement = statement.where(line.image_family.in_(query.image_families))
        keys = (line.month, line.site, line.environment, line.image_family)
        return await self._page(statement, BillLine, keys, limit=limit, cursor=cursor)

    async def daily_costs(
        self, org: str, query: DailyCostQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[DailyCost], str | None]:
        row = daily_costs.c
        statement = select(daily_costs).where(
            row.org_id == org, row.day.between(query.start.isoformat(), query.end.isoformat())
        )
        if query.environment is not None:
            statement = statement.where(row.environment == query.environment)
        return await self._page(
            statement, DailyCost, (row.day, row.environment, row.image_family), limit=limit, cursor=cursor
        )

    async def asset_usage(
        self, org: str, *, environment: Environment | None, limit: int, cursor: str | None
    ) -> tuple[list[AssetUsage], str | None]:
        row, asset = asset_usage.c, tables.assets.c
        of_asset = (asset.org_id == row.org_id) & (asset.id == row.asset_id)
        statement = select(asset_usage).join_from(asset_usage, tables.assets, of_asset).where(row.org_id == org)
        if environment is not None:
            statement = statement.where(asset.environment == environment)
        return await self._page(statement, AssetUsage, (row.asset_id,), limit=limit, cursor=cursor)

    async def machine_sizes(self, org: str) -> list[MachineSize]:
        statement = select(machine_sizes).where(machine_sizes.c.org_id == org).order_by(machine_sizes.c.name)
        async with self._reading() as connection:
            return [MachineSize.model_validate(dict(row)) for row in (await connection.execute(statement)).mappings()]

    async def budgets(self, org: str, *, environment: Environment | None = None) -> list[Budget]:
        statement = select(budgets).where(budgets.c.org_id == org).order_by(budgets.c.environment)
        if environment is not None:
            statement = statement.where(budgets.c.environment == environment)
        async with self._reading() as connection:
            return [Budget.model_validate(dict(row)) for row in (await connection.execute(statement)).mappings()]

    async def _page(
        self,
        statement: Select[Any],
        model: type[Model],
        keys: Sequence[ColumnElement[Any]],
        *,
        limit: int,
        cursor: str | None,
    ) -> tuple[list[Model], str | None]:
        """One page in key order; a cursor is the last row's key, with bars between its parts."""
        if limit < 1:
            raise EstateError(f"A page holds at least 1 row; got {limit}.")
        if cursor is not None:
            parts = cursor.split("|")
            if len(parts) != len(keys):
                raise EstateError(f"{cursor[:80]!r} is no page cursor. Use the `next_cursor` of the page before.")
            statement = statement.where(tuple_(*keys) > tuple_(*parts))
        async with self._reading() as connection:
            rows = (await connection.execute(statement.order_by(*keys).limit(limit + 1))).mappings().all()
        last = rows[limit - 1] if len(rows) > limit else None
        next_cursor = "|".join(str(last[key.name]) for key in keys if isinstance(key.name, str)) if last else None
        return [model.model_validate(dict(row)) for row in rows[:limit]], next_cursor
