"""The roles that approvers have lent, in SQL. Who lent what when is in the ledger."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select
from sqlalchemy.exc import SQLAlchemyError

from bot.delegations.lending import Lending
from bot.ledger.database import Database, reason_of
from bot.ledger.tables import Delegation
from tools.contracts.ledger import LedgerUnavailable


@dataclass(frozen=True)
class Delegations:
    """Every query names the org. Every method raises `LedgerUnavailable`."""

    database: Database

    async def to(self, org: str, taker: str, *, now: datetime) -> list[Lending]:
        """What this person has been lent and may use now."""
        return await self._found(org, Delegation.taker == taker, now=now)

    async def about(self, org: str, user: str, *, now: datetime) -> list[Lending]:
        """What this person has lent, and what they have been lent."""
        return await self._found(org, or_(Delegation.giver == user, Delegation.taker == user), now=now)

    async def lend(self, org: str, lending: Lending, *, now: datetime) -> None:
        """From now on. Lent again to the same person, the last word counts."""

        def put(connection: Connection) -> None:
            _forget(connection, org, lending.giver, lending.taker)
            connection.execute(
                insert(Delegation).values(
                    org=org, giver=lending.giver, taker=lending.taker, until=lending.until, made_at=now
                )
            )

        async with _told():
            await self.database.transact("delegations", put)

    async def revoke(self, org: str, *, giver: str, taker: str) -> None:
        """From now on it is lent no more. Done twice, it is done."""
        async with _told():
            await self.database.transact("delegations", lambda connection: _forget(connection, org, giver, taker))

    async def _found(self, org: str, whose: ColumnElement[bool], *, now: datetime) -> list[Lending]:
        query = (
            select(Delegation.giver, Delegation.taker, Delegation.until)
            .where(Delegation.org == org, Delegation.until > now, whose)
            .order_by(Delegation.giver, Delegation.taker)
        )
        async with _told(), self.database.reading() as connection:
            rows: Sequence[tuple[str, str, datetime]] = [
                (giver, taker, until) for giver, taker, until in await connection.execute(query)
            ]
        return [Lending(giver, taker, until) for giver, taker, until in rows]


def _forget(connection: Connection, org: str, giver: str, taker: str) -> None:
    connection.execute(
        delete(Delegation).where(Delegation.org == org, Delegation.giver == giver, Delegation.taker == taker)
    )


@asynccontextmanager
async def _told() -> AsyncGenerator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise LedgerUnavailable(f"The delegations could not be read or written ({reason_of(error)}).") from error
