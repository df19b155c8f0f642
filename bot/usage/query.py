"""Sums over the request log, of one org. A cost that is unknown is counted, never added as zero."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ledger.database import Database, reason_of
from bot.ledger.tables import AiRequestLog
from tools.contracts.ledger import LedgerUnavailable

Dimension = Literal["person", "team", "agent", "model", "mode", "day"]

DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

ALERTS = "alerts"
"""Who asked where nobody did."""

NO_TEAM = "no team"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Usage:
    """Of one person, team, agent, model, mode or day."""

    name: str
    calls: int = 0
    failed: int = 0
    """Calls without a usable answer."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompt tokens, as far as providers say."""
    uncounted: int = 0
    """Calls whose tokens the provider did not count. They are not in the sums."""
    cost_usd: float | None = None
    """Of the calls whose cost is known. None: of none it is."""
    unknown_costs: int = 0
    """Calls of unknown cost. They are not in `cost_usd`, and not free."""

    def plus(self, other: Usage) -> Usage:
        """Both, under this one's name."""
        known = [cost for cost in (self.cost_usd, other.cost_usd) if cost is not None]
        return Usage(
            name=self.name,
            calls=self.calls + other.calls,
            failed=self.failed + other.failed,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            uncounted=self.uncounted + other.uncounted,
            cost_usd=sum(known) if known else None,
            unknown_costs=self.unknown_costs + other.unknown_costs,
        )


async def usage_by(
    database: Database, org: str, by: Dimension, *, since: datetime, user: str | None = None
) -> list[Usage]:
    """One for each name that `by` has since then, the dearest first (days in order). `user`: of this person alone.

    By `team` it is by person: :func:`in_teams` makes teams of it. Raises `LedgerUnavailable`.
    """
    row = AiRequestLog
    name = _name(by, database)
    counted = row.prompt_tokens.is_not(None) & row.completion_tokens.is_not(None)
    query = (
        select(
            name.label("name"),
            func.count().label("calls"),
            _count_if(row.success.is_(False)).label("failed"),
            func.sum(row.prompt_tokens).label("prompt_tokens"),
            func.sum(row.completion_tokens).label("completion_tokens"),
            func.sum(row.cached_tokens).label("cached_tokens"),
            _count_if(~counted).label("uncounted"),
            func.sum(row.estimated_cost).label("cost_usd"),
            _count_if(row.estimated_cost.is_(None)).label("unknown_costs"),
        )
        .where(row.org == org, row.created_at >= since)
        .group_by(name)
    )
    if user is not None:
        query = query.where(row.user_id == user)
    async with _reading(database) as connection:
        found = [_usage(values) for values in (await connection.execute(query)).mappings()]
    return sorted(found, key=lambda one: one.name) if by == "day" else dearest_first(found)


def in_teams(people: Iterable[Usage], teams: Mapping[str, Collection[str]]) -> list[Usage]:
    """By team, of usage by person. Who is in several teams counts in each of them."""
    sums: dict[str, Usage] = {}
    for person in people:
        for team in [name for name, members in teams.items() if person.name in members] or [NO_TEAM]:
            sums[team] = sums.get(team, Usage(team)).plus(person)
    return dearest_first(sums.values())


def total(parts: Iterable[Usage]) -> Usage:
    """All of them together. Not of teams, which may overlap."""
    whole = Usage("total")
    for part in parts:
        whole = whole.plus(part)
    return whole


def dearest_first(found: Iterable[Usage]) -> list[Usage]:
    return sorted(found, key=lambda one: (-(one.cost_usd or 0), -one.prompt_tokens - one.completion_tokens, one.name))


def _name(by: Dimension, database: Database) -> ColumnElement[str]:
    row = AiRequestLog
    match by:
        case "person" | "team":
            return case((row.user_id.startswith("alert:", autoescape=True), ALERTS), else_=row.user_id)
        case "agent":
            return func.coalesce(row.agent, UNKNOWN)
        case "model":
            return row.provider.concat("/").concat(row.model)
        case "mode":
            return row.mode.expression
        case "day":
            # The day in UTC, whatever the session's time zone. SQLite keeps UTC without saying so.
            if database.engine.dialect.name == "sqlite":
                return func.date(row.created_at)
            return func.to_char(func.timezone("UTC", row.created_at), "YYYY-MM-DD")


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _usage(values: Mapping[Any, Any]) -> Usage:
    cost = values["cost_usd"]
    numbers = ("calls", "failed", "prompt_tokens", "completion_tokens", "cached_tokens", "uncounted", "unknown_costs")
    return Usage(
        name=str(values["name"]),
        cost_usd=None if cost is None else float(cost),
        **{number: int(values[number] or 0) for number in numbers},
    )


@asynccontextmanager
async def _reading(database: Database) -> AsyncGenerator[AsyncConnection]:
    try:
        async with database.reading() as connection:
            yield connection
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise LedgerUnavailable(
            f"The request log could not be read ({reason_of(error)}). Check DATABASE_URL, and that `gavel up` or a "
            "worker of this version has run, which brings the schema up to date."
        ) from error
