"""The key store for people in Slack: their own key, and everybody's. Who may what is decided at the edge."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from agents.orchestrator.chat import Member
from bot.desks import NotDone, Owned
from bot.keys import Keys
from bot.keystore.sealing import Place
from bot.keystore.service import KeyRefused, KeyService, open_key_service
from bot.keystore.store import ORG, owner_of
from bot.settings import Settings, SettingsError
from tools.contracts.ledger import LedgerUnavailable


@dataclass(frozen=True)
class ServiceDesk:
    """Implements `bot.desks.KeyDesk`."""

    service: KeyService

    async def save(self, *, org: str, user: str, everybodys: bool, provider: str, key: SecretStr) -> None:
        """See `KeyDesk`."""
        with _told():
            await self.service.save(_place(org, user, provider, everybodys=everybodys), key, by=user)

    async def delete(self, *, org: str, user: str, everybodys: bool, provider: str) -> None:
        """See `KeyDesk`."""
        with _told():
            await self.service.delete(_place(org, user, provider, everybodys=everybodys), by=user)

    async def kept(self, *, org: str, user: str) -> Sequence[Owned]:
        """See `KeyDesk`."""
        with _told():
            kept = await self.service.kept(org)
        return [
            Owned(one.place.provider, one.place.owner == ORG, one.set_by)
            for one in kept
            if one.place.owner in (ORG, owner_of(user))
        ]


@asynccontextmanager
async def open_desk(settings: Settings, keys: Keys, members: Sequence[Member]) -> AsyncGenerator[ServiceDesk]:
    """For one request: a bot without a worker has no other use for a database. A worker brings it up to date."""
    async with open_key_service(settings, keys, members, up_to_date=True) as service:
        yield ServiceDesk(service)


def _place(org: str, user: str, provider: str, *, everybodys: bool) -> Place:
    return Place(org, ORG if everybodys else owner_of(user), provider)


@contextmanager
def _told() -> Generator[None]:
    try:
        yield
    except KeyRefused as error:
        raise NotDone(str(error)) from None
    except LedgerUnavailable:
        raise NotDone("The key store cannot be reached now, so nothing was changed. `gavel doctor` says why.") from None
    except SettingsError:
        raise NotDone(
            "The master keys cannot be read, so nothing was changed. Tell an operator of this Gavel."
        ) from None
