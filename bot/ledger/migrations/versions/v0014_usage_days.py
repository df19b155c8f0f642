"""Sums of the request log by the day, kept by triggers: an older worker that still runs is counted as well."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_SUMS = (
    *("calls", "failed", "prompt_tokens", "completion_tokens", "cached_tokens", "uncounted", "cost_usd"),
    *("unknown_costs", "cacheable", "reused", "saved_tokens", "saved_usd", "unknown_savings"),
)
_KEY = ("org", "dimension", "day", "name")
_AMOUNTS = {"cost_usd", "saved_usd"}
_DAY = {"sqlite": "date({row}created_at)", "postgresql": "to_char({row}created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')"}
_NAMES = {
    "person": "CASE WHEN substr({row}user_id, 1, 6) = 'alert:' THEN 'alerts' ELSE {row}user_id END",
    "agent": "coalesce({row}agent, 'unknown')",
    "model": "{row}provider || '/' || {row}model",
    "mode": "{row}mode",
}
_OF = {
    "ai_request_logs": {
        "calls": "1",
        "failed": "CASE WHEN {row}success THEN 0 ELSE 1 END",
        "prompt_tokens": "coalesce({row}prompt_tokens, 0)",
        "completion_tokens": "coalesce({row}completion_tokens, 0)",
        "cached_tokens": "coalesce({row}cached_tokens, 0)",
        "uncounted": "CASE WHEN {row}prompt_tokens IS NULL OR {row}completion_tokens IS NULL THEN 1 ELSE 0 END",
        "cost_usd": "coalesce({row}estimated_cost, 0)",
        "unknown_costs": "CASE WHEN {row}estimated_cost IS NULL THEN 1 ELSE 0 END",
        "cacheable": "CASE WHEN {row}purpose = 'explain' THEN 1 ELSE 0 END",
    },
    "ai_cache_hits": {
        "reused": "1",
        "saved_tokens": "coalesce({row}saved_tokens, 0)",
        "saved_usd": "coalesce({row}saved_cost, 0)",
        "unknown_savings": "CASE WHEN {row}saved_cost IS NULL THEN 1 ELSE 0 END",
    },
}
"""Of one row, by table: what is not here is 0."""


def upgrade() -> None:
    dialect = op.get_context().dialect.name
    op.create_table(
        "ai_usage_days",
        *(sa.Column(name, sa.Text(), nullable=False) for name in _KEY),
        *(
            sa.Column(name, sa.Double[float]() if name in _AMOUNTS else sa.BigInteger(), nullable=False)
            for name in _SUMS
        ),
        sa.PrimaryKeyConstraint(*_KEY),
        # Nearly every write is to a row that is there: beside it there is room for its next version.
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index("ix_ai_usage_days_day", "ai_usage_days", ["day"])
    for table in _OF:
        for dimension, name in _NAMES.items():
            day, found = _DAY[dialect].format(row=""), name.format(row="")
            sums = ", ".join(f"sum({_each(table, column)})" for column in _SUMS)
            # "WHERE true": without it SQLite takes ON for a join's.
            op.execute(
                _add(f"org, '{dimension}', {day}, {found}, {sums}", f"{table} WHERE true GROUP BY org, {day}, {found}")
            )
        (_sqlite if dialect == "sqlite" else _postgresql)(table)


def downgrade() -> None:
    for table in _OF:
        if op.get_context().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER {table}_counted")
            op.execute(f"DROP TRIGGER {table}_uncounted")
        else:
            op.execute(f"DROP TRIGGER {table}_counted ON {table}")
            op.execute(f"DROP FUNCTION {table}_counted()")
    op.drop_index("ix_ai_usage_days_day", "ai_usage_days")
    op.drop_table("ai_usage_days")


def _sqlite(table: str) -> None:
    for event, trigger, row, sign in (("INSERT", "counted", "new.", ""), ("DELETE", "uncounted", "old.", "-")):
        op.execute(
            f"CREATE TRIGGER {table}_{trigger} AFTER {event} ON {table} BEGIN {_count(table, 'sqlite', row, sign)}; END"
        )


def _postgresql(table: str) -> None:
    # One that counts at a time, until its commit: two transactions never wait for rows of one another.
    op.execute(f"""
        CREATE FUNCTION {table}_counted() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP = 'INSERT' THEN
            PERFORM pg_advisory_xact_lock(hashtextextended('ai_usage_days:' || new.org, 0));
            {_count(table, "postgresql", "new.", "")};
          ELSE
            PERFORM pg_advisory_xact_lock(hashtextextended('ai_usage_days:' || old.org, 0));
            {_count(table, "postgresql", "old.", "-")};
          END IF;
          RETURN NULL;
        END $$
        """)
    op.execute(
        f"CREATE TRIGGER {table}_counted AFTER INSERT OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_counted()"
    )


def _count(table: str, dialect: str, row: str, sign: str) -> str:
    """One row more, or less, in each dimension."""
    names = " UNION ALL ".join(
        f"SELECT '{dimension}' AS dimension, {name.format(row=row)} AS name" for dimension, name in _NAMES.items()
    )
    sums = ", ".join(f"{sign}({_each(table, column, row)})" for column in _SUMS)
    day = _DAY[dialect].format(row=row)
    return _add(f"{row}org, named.dimension, {day}, named.name, {sums}", f"({names}) AS named WHERE true")


def _each(table: str, column: str, row: str = "") -> str:
    return _OF[table].get(column, "0").format(row=row)


def _add(values: str, rows: str) -> str:
    columns = ", ".join((*_KEY, *_SUMS))
    added = ", ".join(f"{column} = ai_usage_days.{column} + excluded.{column}" for column in _SUMS)
    return " ".join(
        (
            f"INSERT INTO ai_usage_days ({columns})",
            f"SELECT {values}",
            f"FROM {rows}",
            f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET {added}",
        )
    )
