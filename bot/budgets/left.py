"""What is left of today's budgets, to be shown. It reserves nothing and decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from agents.orchestrator.budget import MICRO
from bot.budgets.limits import Limits, Scope, Standing
from bot.budgets.purse import day_of, standing
from bot.ledger.database import Database, reason_of
from bot.ledger.tables import BudgetReservation, BudgetSpend
from bot.usage.report import dollars
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerUnavailable


async def left_today(
    database: Database, limits: Limits, org: str, *, user: str | None, now: datetime
) -> Sequence[Standing]:
    """Everybody's budget, then the person's; `user` None: of whoever used some today, the nearest to its limit first.

    Empty where no budget is set. Raises `LedgerUnavailable`.
    """
    if not limits.any:
        return []
    day = day_of(now)

    def read(connection: Connection) -> list[Standing]:
        people = [user] if user is not None else _spenders(connection, org, day)
        wanted = [Scope("person", person, day, limits.people.get(person, limits.person)) for person in people]
        found = [standing(connection, org, scope, now=now) for scope in wanted if scope.limit]
        everybodys = Scope("org", org, day, limits.orgs.get(org, limits.org))
        first = [standing(connection, org, everybodys, now=now)] if everybodys.limit else []
        return [*first, *sorted(found, key=lambda one: (-one.share, one.scope.subject))]

    try:
        async with database.reading() as connection:
            return await connection.run_sync(read)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise LedgerUnavailable(f"Budgets could not be read ({reason_of(error)}). Check DATABASE_URL.") from error


def _spenders(connection: Connection, org: str, day: str) -> list[str]:
    spend, held = BudgetSpend, BudgetReservation
    spent = select(spend.subject).where(spend.org == org, spend.scope == "person", spend.day == day)
    reserved = select(held.user_id).where(held.org == org, held.day == day)
    return sorted({str(subject) for subject in connection.scalars(spent.union(reserved))})


def left_words(one: Standing) -> str:
    """`$1.20 of $5.00, $3.80 left; 12,000 of 50,000 tokens, 38,000 left`: what is spent, or reserved for calls that are
    being made.
    """
    said: list[str] = []
    limit = one.scope.limit
    if limit.usd is not None:
        spent = one.micro_usd / MICRO
        said.append(f"{dollars(spent)} of {dollars(limit.usd)}, {dollars(max(0.0, limit.usd - spent))} left")
    if limit.tokens is not None:
        said.append(f"{one.tokens:,} of {limit.tokens:,} tokens, {max(0, limit.tokens - one.tokens):,} left")
    return "; ".join(said)


def left_object(one: Standing) -> JsonObject:
    """For programs. What is not limited has neither a limit nor something left."""
    limit = one.scope.limit
    spent = one.micro_usd / MICRO
    return {
        "scope": one.scope.name,
        "subject": one.scope.subject,
        "day": one.scope.day,
        "spent_usd": spent,
        "limit_usd": limit.usd,
        "left_usd": None if limit.usd is None else max(0.0, limit.usd - spent),
        "spent_tokens": one.tokens,
        "limit_tokens": limit.tokens,
        "left_tokens": None if limit.tokens is None else max(0, limit.tokens - one.tokens),
    }
