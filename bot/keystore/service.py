"""What can be done with keys, for every surface: save one once a provider took it, list, delete, check, rotate."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from pydantic import SecretStr

from agents.orchestrator.chat import Member
from agents.orchestrator.providers.catalog import VENDORS, provider_of
from agents.orchestrator.providers.vendor import ProviderId
from bot.clock import utc_now
from bot.keys import Keys
from bot.keystore.checking import TASK, Check, check_apart, check_request
from bot.keystore.ring import ring_source
from bot.keystore.sealing import KeyUnreadable, Place
from bot.keystore.store import ORG, KeptKey, KeyStore, Rotation
from bot.ledger.database import Database
from bot.ledger.ledger import Ledger
from bot.ledger.requests import RequestLog
from bot.opening import open_database, open_ledger
from bot.settings import Settings
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerKind

MAX_KEY = 2000
"""Characters."""


class KeyRefused(Exception):
    """Nothing was saved. The message is for the person and never holds the key."""


@dataclass(frozen=True)
class KeyService:
    store: KeyStore
    ledger: Ledger
    members: Sequence[Member]
    """The models that answer here."""
    check: Check = check_apart

    async def save(self, place: Place, key: SecretStr, *, by: str) -> None:
        """Have its provider take it, then save it. Raises :class:`KeyRefused` and `LedgerUnavailable`."""
        text = key.get_secret_value()
        if not 8 <= len(text) <= MAX_KEY or not text.isascii() or not text.isprintable() or " " in text:
            raise KeyRefused("That does not look like a key, so nothing was saved. Copy it once more, whole.")
        await self._take(place, key, by=by)
        await self.store.put(place, key, by=by)
        await self._record("provider_key_set", place, by=by)

    async def delete(self, place: Place, *, by: str) -> None:
        """Raises :class:`KeyRefused` when there is none, and `LedgerUnavailable`."""
        if not await self.store.delete(place):
            raise KeyRefused(f"There is no key for {title(place.provider)} of {whose(place)}, so nothing was deleted.")
        await self._record("provider_key_deleted", place, by=by)

    async def validate(self, place: Place, *, by: str) -> None:
        """Have the provider take the saved key once more. Raises :class:`KeyRefused` and `LedgerUnavailable`."""
        try:
            key = await self.store.key_of(place)
        except KeyUnreadable as error:
            raise KeyRefused(f"The saved key cannot be opened: {error}. Set it anew.") from None
        if key is None:
            raise KeyRefused(f"There is no key for {title(place.provider)} of {whose(place)}, so nothing was asked.")
        await self._take(place, key, by=by)

    async def kept(self, org: str) -> list[KeptKey]:
        """Whose keys there are. Raises `LedgerUnavailable`."""
        return await self.store.kept(org)

    async def rotate(self, *, org: str, by: str) -> Rotation:
        """See `KeyStore.rotate`. It is recorded in `org`'s ledger, though all orgs' keys are sealed anew."""
        done = await self.store.rotate()
        body: JsonObject = {"sealed_anew": done.sealed_anew, "unreadable": len(done.unreadable), "master": done.current}
        await self.ledger.record(
            "provider_keys_rotated", body, org=org, task_id=TASK, actor=by, key=f"rotated:{uuid4()}"
        )
        return done

    async def _take(self, place: Place, key: SecretStr, *, by: str) -> None:
        member = self._member(place.provider)
        done = await self.check(member, key, check_request(place, by=by))
        if done.record is not None:
            await RequestLog(self.ledger).log(done.record)
        if not done.accepted:
            raise KeyRefused(f"The key was not taken, so nothing was saved. {done.why}")

    def _member(self, provider: str) -> Member:
        for member in self.members:
            if provider_of(member) == provider:
                return member
        names = ", ".join(dict.fromkeys(title(name) for one in self.members if (name := provider_of(one)) is not None))
        raise KeyRefused(
            f"No model of {title(provider)} is configured here, so nothing would use its key and nothing was saved. "
            f"There are models of: {names or 'nobody'}. Others are configured under llm.members, a key is not needed "
            "there."
        )

    async def _record(self, kind: LedgerKind, place: Place, *, by: str) -> None:
        body: JsonObject = {"provider": place.provider, "owner": place.owner}
        await self.ledger.record(kind, body, org=place.org, task_id=TASK, actor=by, key=f"{kind}:{uuid4()}")


@asynccontextmanager
async def open_key_service(
    settings: Settings,
    keys: Keys,
    members: Sequence[Member],
    *,
    check: Check = check_apart,
    up_to_date: bool = False,
) -> AsyncGenerator[KeyService]:
    """On the installation's database. `up_to_date`: its schema is not looked at. Raises what cannot be opened."""
    async with AsyncExitStack() as exits:
        if up_to_date:
            database = Database.open(settings.database_url)
            exits.push_async_callback(database.close)
        else:
            database = await open_database(exits, settings)
        ledger = await open_ledger(exits, settings, keys, database=database)
        store = KeyStore(database, ring_source(settings, keys), now=utc_now)
        yield KeyService(store, ledger, members, check)


def title(provider: str) -> str:
    """As people call it."""
    return next((vendor.name for vendor in VENDORS if vendor.identifier == provider), provider)


def provider_named(word: str) -> ProviderId | None:
    """A provider by its id or its name, however it is written."""
    wanted = word.strip().lower()
    return next((one.identifier for one in VENDORS if wanted in (one.identifier, one.name.lower())), None)


def whose(place: Place) -> str:
    """`the org` or `user U012AB3CD`."""
    return "the org" if place.owner == ORG else place.owner.replace(":", " ", 1)
