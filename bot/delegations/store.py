"""The roles that approvers have lent, in SQL. Who lent what when is in the ledger."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, or_, select
from sqlalchemy.exc import SQLAlchemyError

from bot.delegations.lending import Lending
from bot.ledger.database import Database, reason_of
from bot.ledger.statements import Question
from bot.ledger.tables import Delegation
from tools.contracts.ledger import LedgerUnavailable

_LENT = (
    select(Delegation.giver, Delegation.taker, Delegation.until)
    .where(Delegation.org == bindparam("org"), Delegation.until > bindparam("now"))
    .order_by(Delegation.giver, Delegation.taker)
)
_TO = Question(_LENT.where(Delegation.taker == bindparam("user")))
_ABOUT = Question(_LENT.where(or_(Delegation.giver == bindparam("user"), Delegation.taker == bindparam("user"))))


@dataclass(frozen=True)
class Delegations:
    """Every query names the org. Every method raises `LedgerUnavailable`."""

    database: Database

    async def to(self, org: str, taker: str, *, now: datetime) -> list[Lending]:
        """What this person has been lent and may use now."""
        return await self._found(_TO, org, taker, now=now)

    async def about(self, org: str, user: str, *, now: datetime) -> list[Lending]:
        """What this person has lent, and what they have been lent."""
        return await self._found(_ABOUT, org, user, now=now)

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

    async def _found(self, question: Question, org: str, user: str, *, now: datetime) -> list[Lending]:
        given = {"org": org, "user": user, "now": now}
        async with _told():
            rows = await self.database.glance(lambda connection: question.rows(connection, given))
        return [Lending(row["giver"], row["taker"], row["until"]) for row in rows]


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
