"""A usage report: what was asked for, and the answer, as every surface shows it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.ledger.database import Database
from bot.usage.query import Dimension, Usage, in_teams, total, usage_by

Teams = Callable[[], Awaitable[Mapping[str, Collection[str]]]]
"""Team → its people's ids. Raises :class:`TeamsUnknown`."""


class TeamsUnknown(Exception):
    """Nobody says who is in which team. The message is for the person who asked."""


@dataclass(frozen=True)
class UsageReport:
    org: str
    by: Dimension
    since: datetime
    rows: Sequence[Usage]
    total: Usage
    """Teams may overlap; this counts each call once."""


async def usage_report(
    database: Database, org: str, by: Dimension, *, since: datetime, teams: Teams, user: str | None = None
) -> UsageReport:
    """`user`: of this person alone. Raises `LedgerUnavailable` and :class:`TeamsUnknown`."""
    # First: without teams nothing has to be counted.
    membership = await teams() if by == "team" else None
    found = await usage_by(database, org, by, since=since, user=user)
    rows = found if membership is None else in_teams(found, membership)
    return UsageReport(org=org, by=by, since=since, rows=rows, total=total(found))


def cost_words(usage: Usage) -> str:
    """`$1.23`, `unknown`, or `$1.23 and 2 calls of unknown cost`."""
    calls = f"{usage.unknown_costs:,} call{'' if usage.unknown_costs == 1 else 's'}"
    if usage.cost_usd is None:
        return f"unknown ({calls})" if usage.unknown_costs else "nothing"
    known = dollars(usage.cost_usd)
    return f"{known} and {calls} of unknown cost" if usage.unknown_costs else known


def cache_words(usage: Usage) -> str | None:
    """How many questions needed no call, and what that saved. None: none was asked that could have done without."""
    if usage.hit_rate is None:
        return None
    saved = "an unknown amount" if usage.saved_usd is None else dollars(usage.saved_usd)
    asked = usage.cacheable + usage.reused
    return (
        f"{usage.reused:,} of {asked:,} read-only questions ({usage.hit_rate:.0%}) were answered without a call: "
        f"{usage.saved_tokens:,} tokens and {saved if usage.reused else dollars(0)} saved."
    )


def dollars(amount: float) -> str:
    """Cents, or four digits where cents would show nothing."""
    return f"${amount:,.2f}" if amount >= 1 or amount == 0 else f"${amount:.4f}"
