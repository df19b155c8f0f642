"""The keys in SQL. What comes out of here in the clear goes into one call and nowhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from pydantic import SecretStr
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from agents.orchestrator.chat import ModelError
from bot.keystore.ring import RingSource
from bot.keystore.sealing import KeyUnreadable, Place, Ring, Sealed, seal, unseal
from bot.ledger.database import Database, reason_of
from bot.ledger.tables import ProviderKey
from bot.tenants.sealing import reseal_tokens
from tools.contracts.ledger import LedgerUnavailable

Result = TypeVar("Result")

ORG = "org"
"""The owner of what everybody in the org may use."""

TOPIC = "keystore"
"""One writer at a time: what is saved while master keys change is saved under the new one."""

FRESH_SECONDS = 5.0
"""How long a call may go by what was read before: a key that was deleted is used no longer than that."""


def owner_of(user: str) -> str:
    return f"user:{user}"


@dataclass(frozen=True)
class KeptKey:
    """That there is a key. Never the key, nor a part of it."""

    place: Place
    set_by: str
    set_at: datetime
    readable: bool


@dataclass(frozen=True)
class Rotation:
    sealed_anew: int
    unreadable: list[Place]
    """Left as they were: their master key is not here."""
    current: str
    """Id of the current master key."""
    left: frozenset[str]
    """Ids of older master keys that something is still sealed under."""


@dataclass
class KeyStore:
    database: Database
    ring: RingSource
    now: Callable[[], datetime]
    clock: Callable[[], float] = time.monotonic
    _seen: dict[str, tuple[float, Mapping[tuple[str, str], Sealed]]] = field(
        default_factory=dict[str, tuple[float, Mapping[tuple[str, str], Sealed]]], init=False, repr=False
    )
    """Org → when to read again, and what was read: sealed, as in SQL."""

    async def put(self, place: Place, key: SecretStr, *, by: str) -> None:
        """Save it in the place of any other. Raises `LedgerUnavailable` and `SettingsError`."""
        moment = self.now()

        def write(connection: Connection) -> None:
            # The ring is read under the lock: a rotation that has begun has its new key in it.
            sealed = seal(key, place, self.ring.read().current)
            connection.execute(delete(ProviderKey).where(*_at(place)))
            values = {**_columns(place), **_columns(sealed), "set_by": by, "set_at": moment}
            connection.execute(insert(ProviderKey).values(values))

        await self._write(write)
        self._seen.pop(place.org, None)

    async def delete(self, place: Place) -> bool:
        """Whether there was one. Raises `LedgerUnavailable`."""
        removed = await self._write(lambda sql: sql.execute(delete(ProviderKey).where(*_at(place))).rowcount)
        self._seen.pop(place.org, None)
        return removed > 0

    async def kept(self, org: str) -> list[KeptKey]:
        """Of whom there are keys. Raises `LedgerUnavailable` and `SettingsError`."""
        query = select(ProviderKey.__table__).where(ProviderKey.org == org)
        ring = self.ring.read()
        try:
            async with self.database.reading() as connection:
                rows = (await connection.execute(query)).mappings().all()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise _away(error) from error
        found: list[KeptKey] = []
        for row in rows:
            place = Place(row["org"], row["owner"], row["provider"])
            sealed = Sealed(row["master_id"], row["nonce"], row["sealed"])
            found.append(KeptKey(place, row["set_by"], row["set_at"], _opens(sealed, place, ring)))
        return sorted(found, key=lambda kept: (kept.place.owner != ORG, kept.place.owner, kept.place.provider))

    async def key_of(self, place: Place) -> SecretStr | None:
        """The key of exactly this owner. Raises :class:`KeyUnreadable`, `LedgerUnavailable`, `SettingsError`."""
        try:
            return await self._opened(place)
        except KeyUnreadable:
            # Perhaps only what was read a moment ago: all of it is sealed anew when master keys change.
            self._seen.pop(place.org, None)
            return await self._opened(place)

    async def key_for(self, *, org: str, user: str, provider: str) -> str | None:
        """The person's own key, else their org's; None: neither has one.

        Implements `agents.orchestrator.keyed.KeySource`. Raises `ModelError` for one that cannot be read, and
        `LedgerUnavailable`.
        """
        for owner in (owner_of(user), ORG):
            try:
                key = await self.key_of(Place(org, owner, provider))
            except KeyUnreadable as error:
                whose = "The org's key" if owner == ORG else "Your own key"
                raise ModelError(
                    "auth", f"{whose} for {provider} cannot be opened: {error}. Nothing was asked; set it anew."
                ) from None
            if key is not None:
                return key.get_secret_value()
        return None

    async def rotate(self) -> Rotation:
        """Seal everything anew under the current master key, a new one where this installation makes its own.

        Safe to be killed at any moment and to be run again: until all of it is done, the older master keys stay.
        Raises `LedgerUnavailable` and `SettingsError`.
        """

        def seal_anew(connection: Connection) -> Rotation:
            if self.ring.makes_keys:
                self.ring.begin()
            return _seal_all_anew(connection, self.ring.read())

        done = await self._write(seal_anew)
        # Committed: nothing needs the older ones now, and nothing can be sealed under them any more.
        if self.ring.makes_keys and not done.unreadable and not done.left:
            self.ring.finish()
        self._seen.clear()
        return done

    async def _opened(self, place: Place) -> SecretStr | None:
        sealed = (await self._sealed(place.org)).get((place.owner, place.provider))
        return None if sealed is None else unseal(sealed, place, self.ring.read())

    async def _sealed(self, org: str) -> Mapping[tuple[str, str], Sealed]:
        """(owner, provider) → what is kept of the org, at most :data:`FRESH_SECONDS` old."""
        until, seen = self._seen.get(org, (0.0, {}))
        if self.clock() < until:
            return seen
        row = ProviderKey
        query = select(row.owner, row.provider, row.master_id, row.nonce, row.sealed).where(row.org == org)
        try:
            async with self.database.reading() as connection:
                rows = (await connection.execute(query)).all()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise _away(error) from error
        found = {(one.owner, one.provider): Sealed(one.master_id, one.nonce, one.sealed) for one in rows}
        self._seen[org] = (self.clock() + FRESH_SECONDS, found)
        return found

    async def _write(self, work: Callable[[Connection], Result]) -> Result:
        try:
            return await self.database.transact(TOPIC, work)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise _away(error) from error


def _seal_all_anew(connection: Connection, ring: Ring) -> Rotation:
    unreadable: list[Place] = []
    left: set[str] = set()
    done = 0
    for row in connection.execute(select(ProviderKey.__table__)).mappings().all():
        place = Place(row["org"], row["owner"], row["provider"])
        before = Sealed(row["master_id"], row["nonce"], row["sealed"])
        try:
            key = unseal(before, place, ring)
        except KeyUnreadable:
            unreadable.append(place)
            left.add(before.master_id)
            continue
        if before.master_id == ring.current.id:
            continue
        connection.execute(update(ProviderKey).where(*_at(place)).values(_columns(seal(key, place, ring.current))))
        done += 1
    # Else the workspaces' tokens would be lost with the master keys that are forgotten after this.
    tokens = reseal_tokens(connection, ring)
    unreadable += tokens.unreadable
    left |= tokens.left
    return Rotation(done + tokens.done, unreadable, ring.current.id, frozenset(left - {ring.current.id}))


def _opens(sealed: Sealed, place: Place, ring: Ring) -> bool:
    try:
        unseal(sealed, place, ring)
    except KeyUnreadable:
        return False
    return True


def _at(place: Place) -> tuple[ColumnElement[bool], ...]:
    return (
        ProviderKey.org == place.org,
        ProviderKey.owner == place.owner,
        ProviderKey.provider == place.provider,
    )


def _columns(part: Place | Sealed) -> dict[str, str]:
    return dict(vars(part))


def _away(error: BaseException) -> LedgerUnavailable:
    return LedgerUnavailable(
        f"The saved keys could not be read or written ({reason_of(error)}). Nothing was changed; check "
        "DATABASE_URL and that the schema is current."
    )
