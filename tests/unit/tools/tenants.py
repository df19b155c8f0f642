"""Estates with one tenant, and the same estates with a second one of the same names beside it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, create_engine, delete, insert, select, update

from bot.local.estate import incident_tables, recovery_tables, tables

OURS, THEIRS = "TACME", "TBETA"

Row = dict[str, Any]


@contextmanager
def _open(path: Path) -> Generator[Connection]:
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def every_table() -> list[Table]:
    return list(tables.metadata.sorted_tables)


def rows_of(path: Path, org: str, table: Table, **equal: object) -> list[Row]:
    """An org's rows as the file holds them, past every connector."""
    statement = select(table).where(table.c.org_id == org, *(table.c[name] == value for name, value in equal.items()))
    with _open(path) as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def everything_of(path: Path, org: str) -> dict[str, list[str]]:
    """Every row that an org has, table by table. Fails for a table whose rows name no org."""
    return {table.name: sorted(map(repr, rows_of(path, org, table))) for table in every_table()}


def keep_only(path: Path, org: str) -> None:
    """As if no other org had ever been there."""
    with _open(path) as connection:
        for table in every_table():
            connection.execute(delete(table).where(table.c.org_id != org))


def add_tenant(path: Path, other: Path, org: str) -> None:
    """Put every row that `org` has in `other` into `path`, under the same ids."""
    found = {table: rows_of(other, org, table) for table in every_table()}
    with _open(path) as connection:
        for table, rows in found.items():
            if rows:
                connection.execute(insert(table), rows)


def make_ready(path: Path, org: str) -> None:
    """Put right what the seed drew for the first recovery pair, and open every alert, so that each tool has work."""
    pairs, streams, runs = recovery_tables.dr_pairs, recovery_tables.replication_streams, recovery_tables.dr_runs
    lately = datetime(2026, 11, 10, 10, tzinfo=UTC)
    in_sync = {
        "status": "in-sync",
        "lag_seconds": 20,
        "last_sync_at": None,
        "backlog_mb": 10,
        "replay_mb_per_minute": 900,
    }
    with _open(path) as connection:
        for table, values in (
            (pairs, {"rto_minutes": 10_000}),
            (streams, in_sync),
            (runs, {"at": lately, "ok": True}),
            (recovery_tables.site_quotas, {"machines": 1000}),
            (tables.asset_health, {"heartbeat": True, "http_ok": True}),
            (incident_tables.alerts, {"severity": "warning", "status": "open", "resolved_at": None}),
        ):
            connection.execute(update(table).where(table.c.org_id == org).values(values))


def first(path: Path, org: str, table: Table, **equal: object) -> Row:
    found = rows_of(path, org, table, **equal)
    assert found, f"{org} has no {table.name} with {equal}"
    return found[0]
