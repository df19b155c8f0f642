"""What a case changes in its copy of the sample estate before anybody asks: typed operations, checked when read."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from sqlalchemy import ColumnElement, Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.local.estate import tables
from bot.local.estate.engine import open_engine, writing
from bot.local.estate.incident_tables import alerts, logs
from policies.engine import is_list
from tools.contracts.common import Contract, Environment, JsonObject
from tools.contracts.incident import AlertSeverity, LogLevel


class _OnRows(Contract):
    """An operation on the rows of one table whose columns have the values of `where`."""

    table: str
    where: JsonObject = {}

    @field_validator("table")
    @classmethod
    def _there(cls, name: str) -> str:
        if name not in tables.metadata.tables:
            raise ValueError(f"the sample estate has no table {name!r}; it has {', '.join(sorted(_names()))}")
        return name

    def of(self, values: JsonObject) -> Table:
        """The table. Raises `ValueError` when it has not all of these columns."""
        table = tables.metadata.tables[self.table]
        if unknown := sorted(set(values) - set(table.columns.keys()) | ({"org_id"} & set(values))):
            raise ValueError(f"{unknown[0]!r} is no column of {self.table} that a case may name")
        return table


class SetRows(_OnRows):
    """Change rows: `values` become theirs. At least one row must match."""

    op: Literal["set"]
    values: JsonObject = Field(min_length=1)


class DeleteRows(_OnRows):
    """Take rows out: what is not known is then not known. At least one row must match."""

    op: Literal["delete"]


class BreakSource(_OnRows):
    """Take the whole table out, so that its source cannot be read any more: every tool that needs it fails."""

    op: Literal["break"]


class OnGolden(Contract):
    """Put every asset of an environment on the golden image of its family: nothing has drifted."""

    op: Literal["golden"]
    environment: Environment
    image_family: str | None = None


class WriteLog(Contract):
    """A log line of one asset."""

    op: Literal["log"]
    asset_id: str
    message: str = Field(max_length=500)
    level: LogLevel = "error"
    unit: str = "app"
    minutes_ago: int = Field(default=5, ge=0)


class RaiseAlert(Contract):
    """An open alert."""

    op: Literal["alert"]
    id: str
    title: str = Field(max_length=200)
    description: str = Field(default="", max_length=500)
    severity: AlertSeverity = "critical"
    environment: Environment = "production"
    asset_id: str | None = None
    minutes_ago: int = Field(default=5, ge=0)


Mutation = Annotated[
    SetRows | DeleteRows | BreakSource | OnGolden | WriteLog | RaiseAlert,
    Field(discriminator="op"),
]


class MutationFailed(Exception):
    """The estate has nothing that the operation is about: the case would not test what it says."""


async def mutate(path: Path, mutations: list[Mutation], *, org: str, now: datetime) -> None:
    """Apply them in order, to one org's rows. Raises :class:`MutationFailed`, naming the operation."""
    engine = open_engine(path)
    try:
        async with writing(engine) as connection:
            for mutation in mutations:
                if not await _apply(connection, mutation, org=org, now=now):
                    raise MutationFailed(f"{mutation.model_dump_json(exclude_defaults=True)} matches no row")
    finally:
        await engine.dispose()


def check(mutation: Mutation) -> None:
    """Raises `ValueError` for columns that the table has not."""
    if isinstance(mutation, SetRows):
        mutation.of({**mutation.where, **mutation.values})
    elif isinstance(mutation, DeleteRows | BreakSource):
        mutation.of(mutation.where)


async def _apply(connection: AsyncConnection, mutation: Mutation, *, org: str, now: datetime) -> int:
    """How many rows it was about."""
    if isinstance(mutation, OnGolden):
        return await _on_golden(connection, mutation, org=org)
    if isinstance(mutation, WriteLog):
        row = mutation.model_dump(exclude={"op", "minutes_ago"})
        at = now - timedelta(minutes=mutation.minutes_ago)
        entry = {**row, "org_id": org, "id": f"eval-{at.isoformat()}-{mutation.asset_id}", "at": at}
        return (await connection.execute(insert(logs).values(entry))).rowcount
    if isinstance(mutation, RaiseAlert):
        row = mutation.model_dump(exclude={"op", "minutes_ago"})
        raised = now - timedelta(minutes=mutation.minutes_ago)
        entry = {**row, "org_id": org, "source": "eval", "status": "open", "raised_at": raised}
        return (await connection.execute(insert(alerts).values(entry))).rowcount
    table = mutation.of(mutation.where)
    if isinstance(mutation, BreakSource):
        await connection.run_sync(lambda sync: table.drop(sync))
        return 1
    chosen = [table.c.org_id == org, *(_column_is(table, name, value) for name, value in mutation.where.items())]
    if isinstance(mutation, DeleteRows):
        return (await connection.execute(delete(table).where(*chosen))).rowcount
    return (await connection.execute(update(table).where(*chosen).values(mutation.values))).rowcount


def _column_is(table: Table, name: str, value: object) -> ColumnElement[bool]:
    """Equal; one of a list."""
    column = table.c[name]
    return column.in_(value) if is_list(value) else column == value


async def _on_golden(connection: AsyncConnection, mutation: OnGolden, *, org: str) -> int:
    image, asset = tables.images.c, tables.assets.c
    newest = await connection.execute(
        select(image.family, image.version)
        .where(image.org_id == org, image.signed.is_(True), image.status == "production")
        .order_by(image.created_at)
    )
    golden: dict[str, str] = {}
    for family, version in newest:
        golden[family] = version
    changed = 0
    for family, version in golden.items():
        if mutation.image_family in (None, family):
            scope = (asset.org_id == org, asset.environment == mutation.environment, asset.image_family == family)
            moved = update(tables.assets).where(*scope).values(image_version=version)
            changed += (await connection.execute(moved)).rowcount
    return changed


def _names() -> list[str]:
    return list(tables.metadata.tables)
