"""Opens what every process of Gavel writes to and compares with, without the parts that take seconds to import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from bot.advisories.schema import migrate_advisories
from bot.advisories.store import SqlAdvisories
from bot.clock import utc_now
from bot.keys import Keys
from bot.ledger.anchor import FileAnchor
from bot.ledger.database import Database
from bot.ledger.ledger import Ledger
from bot.ledger.schema import migrate
from bot.settings import Settings
from tools.contracts.advisory import Advisory
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerKind


async def open_database(exits: AsyncExitStack, settings: Settings) -> Database:
    """Migrate and open; closed with `exits`."""
    configured = settings.database.url
    url = configured.get_secret_value() if configured else f"sqlite:///{settings.data_dir / 'gavel.db'}"
    await migrate(url)
    database = Database.open(url)
    exits.push_async_callback(database.close)
    return database


async def open_ledger(
    exits: AsyncExitStack,
    settings: Settings,
    keys: Keys,
    *,
    database: Database | None = None,
    committed: Callable[[LedgerKind, JsonObject], None] | None = None,
) -> Ledger:
    """Over `database`, or one that is migrated and opened here; closed in the right order with `exits`.

    `committed`: told of each new entry.
    """
    database = database or await open_database(exits, settings)
    anchor = FileAnchor(settings.ledger.anchor_dir or settings.data_dir / "anchors", key=keys.derive("anchor"))
    ledger = Ledger(database, anchor, key=keys.derive("ledger"), committed=committed)
    exits.push_async_callback(ledger.close)
    return ledger


async def open_advisories(exits: AsyncExitStack, settings: Settings, *, samples: Sequence[Advisory]) -> SqlAdvisories:
    """Migrate and open; closed with `exits`. The samples are those of the estate that is used: none of a real one."""
    await migrate_advisories(settings.database_url)
    database = Database.open(settings.database_url)
    exits.push_async_callback(database.close)
    advisories = SqlAdvisories(database)
    if samples:
        await advisories.put(samples, at=utc_now(), origin="sample")
    else:
        await advisories.forget_samples()
    return advisories
