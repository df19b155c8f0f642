"""Sums over the request log, of one org. A cost that is unknown is counted, never added as zero."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from agents.orchestrator.cache import CACHED
from bot.ledger.database import Database, reason_of
from bot.ledger.tables import AiCacheHit, AiRequestLog, AiUsageDay
from tools.contracts.ledger import LedgerUnavailable

Dimension = Literal["person", "team", "agent", "model", "mode", "day"]

DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

ALERTS = "alerts"
"""Who asked where nobody did."""

NO_TEAM = "no team"
UNKNOWN = "unknown"

_NUMBERS = (
    *("calls", "failed", "prompt_tokens", "completion_tokens", "cached_tokens", "uncounted", "unknown_costs"),
    *("cacheable", "reused", "saved_tokens"),
)


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
    # Whole days are added up already; what is before the first of them is counted call by call, as one person's is.
    days_from = _first_midnight(since) if user is None else None
    wanted: list[Select[Any]] = []
    if days_from != since:
        wanted += [
            _of_rows(query, row, org, by, since=since, until=days_from, user=user, database=database)
            for query, row in ((_calls, AiRequestLog), (_reuses, AiCacheHit))
        ]
    if days_from is not None:
        wanted.append(_of_days(org, by, since=days_from))
    async with _reading(database) as connection:
        found = [_usage(values) for query in wanted for values in (await connection.execute(query)).mappings()]
    names: dict[str, Usage] = {}
    for usage in found:
        names[usage.name] = names.get(usage.name, Usage(usage.name)).plus(usage)
    used = [usage for usage in names.values() if usage.calls or usage.reused]
    return sorted(used, key=lambda one: one.name) if by == "day" else dearest_first(used)


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


def _first_midnight(since: datetime) -> datetime:
    """Of UTC, not before `since`."""
    moment = since.astimezone(UTC)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if midnight == moment else midnight + timedelta(days=1)


def _of_days(org: str, by: Dimension, *, since: datetime) -> Select[Any]:
    row = AiUsageDay
    name = row.day if by == "day" else row.name
    known = func.sum(case((row.unknown_costs < row.calls, row.cost_usd)))
    saved = func.sum(case((row.unknown_savings < row.reused, row.saved_usd)))
    return (
        select(
            name.label("name"),
            *(func.sum(getattr(row, number)).label(number) for number in _NUMBERS),
            known.label("cost_usd"),
            saved.label("saved_usd"),
        )
        .where(
            row.org == org,
            # Any dimension has every call once.
            row.dimension == {"day": "mode", "team": "person"}.get(by, by),
            row.day >= since.date().isoformat(),
        )
        .group_by(name)
    )


def _of_rows(
    columns: Callable[[], Sequence[ColumnElement[Any]]],
    row: type[AiRequestLog | AiCacheHit],
    org: str,
    by: Dimension,
    *,
    since: datetime,
    until: datetime | None,
    user: str | None,
    database: Database,
) -> Select[Any]:
    name = _name(row, by, database)
    query = select(name.label("name"), *columns()).where(row.org == org, row.created_at >= since).group_by(name)
    if until is not None:
        query = query.where(row.created_at < until)
    return query if user is None else query.where(row.user_id == user)


def _calls() -> Sequence[ColumnElement[Any]]:
    row = AiRequestLog
    counted = row.prompt_tokens.is_not(None) & row.completion_tokens.is_not(None)
    return (
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


def _reuses() -> Sequence[ColumnElement[Any]]:
    row = AiCacheHit
    return (
        func.count().label("reused"),
        func.sum(row.saved_tokens).label("saved_tokens"),
        func.sum(row.saved_cost).label("saved_usd"),
    )


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
    """Of a row, which may have some of the sums only."""
    amounts = {name: None if values.get(name) is None else float(values[name]) for name in ("cost_usd", "saved_usd")}
    return Usage(name=str(values["name"]), **amounts, **{number: int(values.get(number) or 0) for number in _NUMBERS})


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
