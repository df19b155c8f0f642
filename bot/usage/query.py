"""Sums over the request log, of one org. A cost that is unknown is counted, never added as zero."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from agents.orchestrator.cache import CACHED
from bot.ledger.database import Database, reason_of
from bot.ledger.tables import AiCacheHit, AiRequestLog
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
    cacheable: int = 0
    """Of the calls, those that ask what an answer is kept of."""
    reused: int = 0
    """Questions that were answered without a call. They are not in `calls`."""
    saved_tokens: int = 0
    saved_usd: float | None = None
    """What the reused answers cost when they were asked for, as far as that is known. None: of none it is."""

    @property
    def hit_rate(self) -> float | None:
        """Of the questions that may be answered without a call, how many were. None: there was none."""
        asked = self.cacheable + self.reused
        return self.reused / asked if asked else None

    def plus(self, other: Usage) -> Usage:
        """Both, under this one's name."""
        return Usage(
            name=self.name,
            calls=self.calls + other.calls,
            failed=self.failed + other.failed,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            uncounted=self.uncounted + other.uncounted,
            cost_usd=_sum(self.cost_usd, other.cost_usd),
            unknown_costs=self.unknown_costs + other.unknown_costs,
            cacheable=self.cacheable + other.cacheable,
            reused=self.reused + other.reused,
            saved_tokens=self.saved_tokens + other.saved_tokens,
            saved_usd=_sum(self.saved_usd, other.saved_usd),
        )


async def usage_by(
    database: Database, org: str, by: Dimension, *, since: datetime, user: str | None = None
) -> list[Usage]:
    """One for each name that `by` has since then, the dearest first (days in order). `user`: of this person alone.

    By `team` it is by person: :func:`in_teams` makes teams of it. Raises `LedgerUnavailable`.
    """
    row = AiRequestLog
    name = _name(row, by, database)
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
            _count_if(row.purpose.in_(CACHED)).label("cacheable"),
        )
        .where(row.org == org, row.created_at >= since)
        .group_by(name)
    )
    if user is not None:
        query = query.where(row.user_id == user)
    hits = _hits_by(database, org, by, since=since, user=user)
    async with _reading(database) as connection:
        called = [_usage(values) for values in (await connection.execute(query)).mappings()]
        reused = [_reuse(values) for values in (await connection.execute(hits)).mappings()]
    names = {usage.name: usage for usage in called}
    for usage in reused:
        names[usage.name] = names.get(usage.name, Usage(usage.name)).plus(usage)
    found = list(names.values())
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


def _hits_by(
    database: Database, org: str, by: Dimension, *, since: datetime, user: str | None
) -> Select[str, int, int | None, float | None]:
    row = AiCacheHit
    name = _name(row, by, database)
    query = (
        select(
            name.label("name"),
            func.count().label("reused"),
            func.sum(row.saved_tokens).label("saved_tokens"),
            func.sum(row.saved_cost).label("saved_usd"),
        )
        .where(row.org == org, row.created_at >= since)
        .group_by(name)
    )
    return query if user is None else query.where(row.user_id == user)


def _name(row: type[AiRequestLog | AiCacheHit], by: Dimension, database: Database) -> ColumnElement[str]:
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
    numbers = (
        *("calls", "failed", "prompt_tokens", "completion_tokens", "cached_tokens"),
        *("uncounted", "unknown_costs", "cacheable"),
    )
    return Usage(
        name=str(values["name"]),
        cost_usd=None if cost is None else float(cost),
        **{number: int(values[number] or 0) for number in numbers},
    )


def _reuse(values: Mapping[Any, Any]) -> Usage:
    saved = values["saved_usd"]
    return Usage(
        name=str(values["name"]),
        reused=int(values["reused"]),
        saved_tokens=int(values["saved_tokens"] or 0),
        saved_usd=None if saved is None else float(saved),
    )


def _sum(one: float | None, other: float | None) -> float | None:
    known = [amount for amount in (one, other) if amount is not None]
    return sum(known) if known else None


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
