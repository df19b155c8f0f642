"""The purse as the settings say."""

from __future__ import annotations

from collections.abc import Sequence

from agents.orchestrator.chat import Member
from agents.orchestrator.prices import Price, PriceBook
from bot.budgets.limits import Limit, Limits
from bot.budgets.purse import SqlPurse
from bot.clock import utc_now
from bot.ledger.database import Database
from bot.settings import BudgetSettings

_MILLION = 1_000_000


def limits_of(settings: BudgetSettings) -> Limits:
    return Limits(
        person=Limit(settings.person_usd, settings.person_tokens),
        org=Limit(settings.org_usd, settings.org_tokens),
        task=Limit(settings.task_usd, settings.task_tokens),
        storm=Limit(settings.storm_usd, settings.storm_tokens),
        people={user: Limit(limit.usd, limit.tokens) for user, limit in settings.people.items()},
        orgs={org: Limit(limit.usd, limit.tokens) for org, limit in settings.orgs.items()},
    )


def open_purse(settings: BudgetSettings, database: Database, members: Sequence[Member]) -> SqlPurse:
    prices = {model: Price(price.input / _MILLION, price.output / _MILLION) for model, price in settings.prices.items()}
    return SqlPurse(
        database,
        limits_of(settings),
        PriceBook(prices),
        now=utc_now,
        members=max(1, len(members)),
        allow_unknown_prices=settings.unknown_price == "allow",
    )
