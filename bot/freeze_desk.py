"""Freezes, kept in the ledger. Implements `bot.listeners.freezes.FreezeDesk`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from bot.desks import NotDone, NotKnown
from bot.keys import Keys
from bot.ledger.database import Database
from bot.ledger.freezes import Freeze
from bot.ledger.ledger import Ledger
from bot.opening import open_ledger
from bot.redaction import redact
from bot.settings import Settings
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerUnavailable

AWAY = "The ledger cannot be reached now, so nothing was changed. `gavel doctor` says why."
LOST = "The ledger did not say whether it took that. See `/gavel freeze list`."
NOT_THE_SAME = "Under this form's name another freeze is on record, or one that stands no more. Nothing was frozen."


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
        now = self.now()
        freeze = Freeze(name, environment, redact(reason).text, now, end, user)
        body: JsonObject = {
            "freeze": freeze.id,
            "environment": freeze.environment,
            "reason": freeze.reason,
            "start": freeze.start.isoformat(),
            "end": freeze.end.isoformat(),
        }
        async with self._ledger() as ledger:
            with _lost():
                await ledger.record("change_frozen", body, org=org, task_id=_place(org, name), actor=user, key="frozen")
                # The ledger keeps the first of a name: the person is told what is on record, not what they asked for.
                kept = [each for each in await ledger.declared_freezes(org, now=now) if each.id == name]
        if not any((each.environment, each.end) == (environment, end) for each in kept):
            raise NotDone(NOT_THE_SAME)
        return kept[0]

    async def thaw(self, *, org: str, user: str, name: str) -> bool:
        """See `FreezeDesk`."""
        async with self._ledger() as ledger:
            if name not in {freeze.id for freeze in await ledger.declared_freezes(org, now=self.now())}:
                return False
            with _lost():
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


@contextmanager
def _lost() -> Generator[None]:
    """A write that failed may have been made all the same."""
    try:
        yield
    except LedgerUnavailable as error:
        raise NotKnown(LOST) from error


def _place(org: str, name: str) -> str:
    return f"{org}.freeze.{name}"
