"""Where bills, usage, sizes and budgets come from."""

from __future__ import annotations

from datetime import date
from typing import Protocol, runtime_checkable

from tools.contracts.billing import AssetUsage, BillLine, Budget, DailyCost, MachineSize
from tools.contracts.common import Contract, Environment


class BillQuery(Contract):
    """All given conditions must hold. Empty means not narrowed."""

    first_month: str
    """`YYYY-MM`, inclusive."""
    last_month: str
    environment: Environment | None = None
    sites: list[str] = []
    image_families: list[str] = []


class DailyCostQuery(Contract):
    start: date
    """Inclusive."""
    end: date
    """Inclusive."""
    environment: Environment | None = None


@runtime_checkable
class CostSource(Protocol):
    """Every method takes the org first, from the caller. Raises `EstateError` when the source cannot answer."""

    async def bill_lines(
        self, org: str, query: BillQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[BillLine], str | None]:
        """Lines in a fixed order, and the cursor of the next page or None. A month without lines has no bill."""
        ...

    async def daily_costs(
        self, org: str, query: DailyCostQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[DailyCost], str | None]:
        """Costs in a fixed order. A day without rows is not known to have cost nothing."""
        ...

    async def asset_usage(
        self, org: str, *, environment: Environment | None, limit: int, cursor: str | None
    ) -> tuple[list[AssetUsage], str | None]:
        """Usage in asset order. A machine without a row is not watched."""
        ...

    async def machine_sizes(self, org: str) -> list[MachineSize]: ...

    async def budgets(self, org: str, *, environment: Environment | None = None) -> list[Budget]: ...
