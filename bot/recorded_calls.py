"""The models for a command besides tasks: each call on record and within the budgets, as those of tasks are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from agents.orchestrator.budget import BudgetedClient
from agents.orchestrator.chat import Member, ModelClient
from agents.orchestrator.logged import LoggedClient
from agents.orchestrator.prices import read_prices
from bot.budgets.limits import Limit
from bot.budgets.opening import open_purse
from bot.keys import load_keys
from bot.ledger.requests import RequestLog
from bot.opening import open_database, open_ledger
from bot.settings import Settings


@asynccontextmanager
async def recorded_calls(
    settings: Settings, wire: ModelClient, members: Sequence[Member], *, limit: Limit | None = None
) -> AsyncGenerator[ModelClient]:
    """Around `wire`. `limit`: of all that is asked under one task id, instead of the budget of a task.

    Raises `LedgerUnavailable`, `DatabaseUrlError` and `SettingsError` where nothing could be recorded: then nothing is
    asked. A call raises `BudgetExceeded` where a budget does not allow it.
    """
    keys = await asyncio.to_thread(load_keys, settings)
    async with AsyncExitStack() as exits:
        database = await open_database(exits, settings)
        ledger = await open_ledger(exits, settings, keys, database=database)
        purse = open_purse(settings.budgets, database, members)
        if limit is not None:
            purse = replace(purse, limits=replace(purse.limits, task=limit))
        if purse.limits.any:
            await asyncio.to_thread(read_prices)
        yield BudgetedClient(LoggedClient(wire, RequestLog(ledger)), purse)
