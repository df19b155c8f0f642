"""Freezes, kept in the ledger. Implements `bot.listeners.freezes.FreezeDesk`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from bot.desks import NotDone
from bot.keys import Keys
from bot.ledger.database import Database
from bot.ledger.freezes import Freeze
from bot.ledger.ledger import Ledger
from bot.opening import open_ledger
from bot.redaction import redact
from bot.settings import Settings
from tools.contracts.ledger import LedgerUnavailable

AWAY = "The ledger cannot be reached now, so nothing was changed. `gavel doctor` says why."


@dataclass(frozen=True)
class LedgerFreezes:
    settings: Settings
    keys: Keys = field(repr=False)
    now: Callable[[], datetime]

    async def standing(self, org: str) -> Sequence[Freeze]:
        """See `FreezeDesk`."""
        async with self._ledger() as ledger:
            return await ledger.declared_freezes(org, now=self.now())

    async def declare(self, *, org: str, user: str, name: str, environment: str, reason: str, end: datetime) -> Freeze:
        """See `FreezeDesk`."""
        freeze = Freeze(name, environment, redact(reason).text, self.now(), end, user)
        async with self._ledger() as ledger:
            await ledger.record(
                "change_frozen",
                {
                    "freeze": freeze.id,
                    "environment": freeze.environment,
                    "reason": freeze.reason,
                    "start": freeze.start.isoformat(),
                    "end": freeze.end.isoformat(),
                },
                org=org,
                task_id=_place(org, name),
                actor=user,
                key="frozen",
            )
        return freeze

    async def thaw(self, *, org: str, user: str, name: str) -> bool:
        """See `FreezeDesk`."""
        async with self._ledger() as ledger:
            if name not in {freeze.id for freeze in await ledger.declared_freezes(org, now=self.now())}:
                return False
            await ledger.record(
                "change_thawed", {"freeze": name}, org=org, task_id=_place(org, name), actor=user, key="thawed"
            )
        return True

    @asynccontextmanager
    async def _ledger(self) -> AsyncGenerator[Ledger]:
        # Opened for this request: a bot without a worker has no other use for a database. Workers bring it up to date.
        try:
            async with AsyncExitStack() as exits:
                database = Database.open(self.settings.database_url, lock_timeout_seconds=1)
                exits.push_async_callback(database.close)
                yield await open_ledger(exits, self.settings, self.keys, database=database)
        except LedgerUnavailable as error:
            raise NotDone(AWAY) from error


def _place(org: str, name: str) -> str:
    return f"{org}.freeze.{name}"
