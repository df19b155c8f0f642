"""`/gavel delegate` in Slack: an approver lends their role until a date, looks at what is lent, takes it back."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.blocks.delegation import HOW, lent_card, taken_back, told_of
from bot.blocks.message import Message, sentence
from bot.delegations.lending import LENDING_ROLES, LONGEST, Lending
from bot.delegations.store import Delegations
from bot.desks import Typed
from bot.keys import Keys
from bot.ledger.database import Database
from bot.ledger.ledger import Ledger
from bot.opening import open_ledger
from bot.roles import RoleDirectory, RolesUnavailable
from bot.settings import Settings
from tools.contracts.ledger import LedgerUnavailable

_LEND = re.compile(r"<@([UW][A-Z0-9]{1,20})(?:\|[^>]*)?>\s+(until|for)\s+(\S+)")
_REVOKE = re.compile(r"(?:revoke|stop|end)\s+<@([UW][A-Z0-9]{1,20})(?:\|[^>]*)?>")
_SPAN = re.compile(r"([0-9]{1,4})\s*([hd])")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class NotLent(ValueError):
    """Nothing was changed. The message is a sentence for the person."""


@dataclass(frozen=True)
class DelegationDesk:
    settings: Settings
    keys: Keys = field(repr=False)
    roles: RoleDirectory
    now: Callable[[], datetime]

    async def answer(self, typed: Typed) -> Message:
        """See :class:`bot.desks.Desk`."""
        words = typed.words.strip()
        try:
            if not words:
                return await self._shown(typed)
            if taken := _REVOKE.fullmatch(words):
                return await self.take_back(typed, taker=taken[1])
            if asked := _LEND.fullmatch(words):
                return await self.lend(typed, taker=asked[1], until=until_of(asked[2], asked[3], now=self.now()))
            return sentence(f"I did not understand that, so nothing was changed. {HOW}")
        except NotLent as refused:
            return sentence(f"{refused} Nothing was changed.")
        except RolesUnavailable:
            return sentence("Slack did not say which roles you have, so nothing was changed. Try again.")
        except LedgerUnavailable:
            return sentence("The database does not answer, so nothing was changed. `gavel doctor` says why.")

    async def lend(self, typed: Typed, *, taker: str, until: datetime) -> Message:
        """On record first. Raises :class:`NotLent`, `RolesUnavailable`, `LedgerUnavailable`."""
        held = [role for role in await self.roles.roles_of(typed.user) if role in LENDING_ROLES]
        if not held:
            raise NotLent("You hold no role of your own that may approve anything, and what you were lent stays yours.")
        if taker == typed.user:
            raise NotLent("That is you.")
        if not self.now() < until <= self.now() + LONGEST:
            raise NotLent(f"A role is lent until a time to come, and for {LONGEST.days} days at most.")
        async with self._books() as ledger:
            await ledger.record(
                "role_lent",
                {"to": taker, "roles": [*held], "until": until.astimezone(UTC).isoformat()},
                org=typed.org,
                task_id=f"{typed.org}.delegations",
                actor=typed.user,
                key=f"lent:{typed.trigger_id}",
            )
            await Delegations(ledger.database).lend(typed.org, Lending(typed.user, taker, until), now=self.now())
        return told_of(Lending(typed.user, taker, until), roles=held)

    async def take_back(self, typed: Typed, *, taker: str) -> Message:
        """On record first. Whoever has lost the role meanwhile may do it, too."""
        async with self._books() as ledger:
            await ledger.record(
                "role_taken_back",
                {"from": taker},
                org=typed.org,
                task_id=f"{typed.org}.delegations",
                actor=typed.user,
                key=f"taken-back:{typed.trigger_id}",
            )
            await Delegations(ledger.database).revoke(typed.org, giver=typed.user, taker=taker)
        return taken_back(taker)

    async def _shown(self, typed: Typed) -> Message:
        database = Database.open(self.settings.database_url, lock_timeout_seconds=1)
        try:
            found = await Delegations(database).about(typed.org, typed.user, now=self.now())
        finally:
            await database.close()
        return lent_card(found, user=typed.user)

    @asynccontextmanager
    async def _books(self) -> AsyncGenerator[Ledger]:
        async with AsyncExitStack() as exits:
            yield await open_ledger(exits, self.settings, self.keys)


def until_of(word: str, when: str, *, now: datetime) -> datetime:
    """`for 3d`, `for 8h`, `until 2026-12-01` (to the end of that day, UTC), `until 2026-12-01T18:00Z`. Raises
    :class:`NotLent`.
    """
    span = _SPAN.fullmatch(when)
    if word == "for" and span:
        return now + (timedelta(hours=int(span[1])) if span[2] == "h" else timedelta(days=int(span[1])))
    try:
        moment = datetime.fromisoformat(when.replace("Z", "+00:00")) if word == "until" else None
    except ValueError:
        moment = None
    if moment is None:
        raise NotLent("I did not understand until when. " + HOW)
    at = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    try:
        # In UTC now: what lies at either end of the calendar has no such time, and could not be kept.
        return at.astimezone(UTC) + timedelta(days=1 if _DAY.fullmatch(when) else 0)
    except OverflowError:
        raise NotLent("There is no such time in the calendar. " + HOW) from None
