"""The counters and reservations in SQL. A reservation is one transaction: however many ask at once, none goes over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import uuid4

import structlog
from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from agents.orchestrator.budget import LEASE_SECONDS, Amount, BudgetExceeded, Wanted, worst_case
from agents.orchestrator.chat import ChatRequest, Member
from agents.orchestrator.prices import Price, PriceBook
from bot.budgets.limits import WARN_AT, Limits, Scope, Standing
from bot.ledger.database import Database, reason_of
from bot.ledger.tables import BudgetReservation, BudgetSpend
from tools.contracts.ledger import LedgerUnavailable

Result = TypeVar("Result")


@dataclass
class SqlPurse:
    """Implements `agents.orchestrator.budget.Purse` and `agents.orchestrator.escalation.Spending`."""

    database: Database
    limits: Limits
    prices: PriceBook
    now: Callable[[], datetime]
    members: int = 3
    """Of a council: what one costs is estimated by what the task cost so far, so many times over."""
    allow_unknown_prices: bool = False
    """Whether a model nobody knows the price of is asked under a budget in dollars. It then counts tokens alone."""
    _warnings: dict[tuple[str, str], list[str]] = field(
        default_factory=dict[tuple[str, str], list[str]], init=False, repr=False
    )

    def price(self, member: Member) -> Price | None:
        """See `Purse`."""
        return self.prices.price(member)

    def most(self, member: Member, request: ChatRequest) -> Amount | None:
        """See `Purse`."""
        return worst_case(request, self.price(member)) if self._scopes(request) else None

    async def reserve(self, calls: Sequence[Wanted]) -> Sequence[str]:
        """See `Purse`. Raises `LedgerUnavailable` as well: what cannot be counted is not asked."""
        request = calls[0].request
        scopes = self._scopes(request)
        self._require_prices(calls, scopes)
        now = self.now()
        rows = [
            {
                "id": str(uuid4()),
                "org": request.org,
                "user_id": request.user,
                "task_id": request.task_id,
                "day": day_of(now),
                "tokens": call.most.tokens,
                "micro_usd": call.most.micro_usd or 0,
                "expires_at": now + timedelta(seconds=call.request.deadline_seconds + LEASE_SECONDS),
            }
            for call in calls
        ]
        tokens = sum(call.most.tokens for call in calls)
        micro_usd = sum(call.most.micro_usd or 0 for call in calls)

        def take(connection: Connection) -> str | None:
            # Of processes that died: their time is up.
            connection.execute(
                delete(BudgetReservation).where(
                    BudgetReservation.org == request.org, BudgetReservation.expires_at <= now
                )
            )
            for scope in scopes:
                over = standing(connection, request.org, scope, now=now).over(tokens=tokens, micro_usd=micro_usd)
                if over is not None:
                    return over
            connection.execute(insert(BudgetReservation), rows)
            return None

        refused = await self._transact(request.org, take)
        if refused is not None:
            raise BudgetExceeded(refused)
        return [str(row["id"]) for row in rows]

    async def settle(self, reserved: str, request: ChatRequest, spent: Amount) -> None:
        """See `Purse`. Raises `LedgerUnavailable`."""
        row = BudgetReservation

        def book(connection: Connection) -> list[str]:
            # By the day on which it was reserved. One whose lease was over is spent all the same.
            day = connection.scalar(select(row.day).where(row.id == reserved)) or day_of(self.now())
            connection.execute(delete(row).where(row.id == reserved))
            told: list[str] = []
            if not self.limits.task:
                # Counted all the same: it tells what a council would cost.
                _add(connection, request.org, Scope("task", request.task_id, "", self.limits.task), spent)
            for scope in self._scopes(request, day=day):
                _add(connection, request.org, scope, spent)
                stands = standing(connection, request.org, scope, now=self.now())
                if stands.share >= WARN_AT and _warn_first(connection, request.org, scope):
                    told.append(stands.warning())
            return told

        told = await self._transact(request.org, book)
        if told:
            self._warnings.setdefault((request.org, request.task_id), []).extend(told)

    async def release(self, org: str, reserved: Sequence[str]) -> None:
        """See `Purse`. Raises `LedgerUnavailable`."""
        row = BudgetReservation
        await self._transact(org, lambda sql: sql.execute(delete(row).where(row.id.in_(list(reserved)))).rowcount)

    async def may_spend(self, *, org: str, user: str, task_id: str) -> str | None:
        """See `Spending`. A council is taken to cost as much as the task did so far, for each of its members."""
        scopes = self.limits.scopes(org=org, user=user, task_id=task_id, day=day_of(self.now()))
        if not scopes:
            return None
        row = BudgetReservation

        def look(connection: Connection) -> str | None:
            connection.execute(delete(row).where(row.org == org, row.expires_at <= self.now()))
            so_far = _spent(connection, org, Scope("task", task_id, "", self.limits.task))
            for scope in scopes:
                over = standing(connection, org, scope, now=self.now()).over(
                    tokens=so_far.tokens * self.members, micro_usd=(so_far.micro_usd or 0) * self.members
                )
                if over is not None:
                    return over
            return None

        return await self._transact(org, look)

    def take_warnings(self, org: str, task_id: str) -> list[str]:
        """What a task's thread is still to be told: that a budget is nearly used up. Each is given out once."""
        return self._warnings.pop((org, task_id), [])

    def _scopes(self, request: ChatRequest, *, day: str | None = None) -> Sequence[Scope]:
        return self.limits.scopes(
            org=request.org, user=request.user, task_id=request.task_id, day=day or day_of(self.now())
        )

    def _require_prices(self, calls: Sequence[Wanted], scopes: Sequence[Scope]) -> None:
        if self.allow_unknown_prices or not any(scope.limit.usd is not None for scope in scopes):
            return
        for call in calls:
            if call.most.micro_usd is None:
                raise BudgetExceeded(
                    f"Nobody knows what {call.member.name} ({call.member.model}) costs, so a budget in dollars cannot "
                    "be kept. No model was asked, and nothing was changed. An admin can set its price "
                    "(budgets.prices), or have tokens alone counted for such models (budgets.unknown_price: allow)."
                )

    async def _transact(self, org: str, work: Callable[[Connection], Result]) -> Result:
        try:
            return await self.database.transact(f"budget:{org}", work)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            structlog.get_logger("gavel.budgets").warning("Budgets cannot be counted.", reason=reason_of(error))
            raise LedgerUnavailable(
                f"Budgets could not be counted ({reason_of(error)}), so no model was asked. Check DATABASE_URL."
            ) from error


def day_of(moment: datetime) -> str:
    """`2026-03-01`, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d")


def _of(org: str, scope: Scope) -> tuple[ColumnElement[bool], ...]:
    row = BudgetSpend
    return row.org == org, row.scope == scope.name, row.subject == scope.subject, row.day == scope.day


def _spent(connection: Connection, org: str, scope: Scope) -> Amount:
    row = BudgetSpend
    found = connection.execute(select(row.tokens, row.micro_usd).where(*_of(org, scope))).one_or_none()
    return Amount(0, 0) if found is None else Amount(int(found.tokens), int(found.micro_usd))


def standing(connection: Connection, org: str, scope: Scope, *, now: datetime) -> Standing:
    """What is spent of a scope, and reserved by processes that live."""
    row = BudgetReservation
    whose: dict[str, tuple[ColumnElement[bool], ...]] = {
        "person": (row.user_id == scope.subject, row.day == scope.day),
        "org": (row.day == scope.day,),
        "task": (row.task_id == scope.subject,),
        "storm": (row.user_id == scope.subject,),
    }
    held = connection.execute(
        select(func.coalesce(func.sum(row.tokens), 0), func.coalesce(func.sum(row.micro_usd), 0)).where(
            row.org == org, row.expires_at > now, *whose[scope.name]
        )
    ).one()
    spent = _spent(connection, org, scope)
    return Standing(scope, spent.tokens + int(held[0]), (spent.micro_usd or 0) + int(held[1]))


def _add(connection: Connection, org: str, scope: Scope, spent: Amount) -> None:
    row = BudgetSpend
    more = {"tokens": row.tokens + spent.tokens, "micro_usd": row.micro_usd + (spent.micro_usd or 0)}
    if connection.execute(update(row).where(*_of(org, scope)).values(more)).rowcount == 0:
        connection.execute(
            insert(row).values(
                org=org,
                scope=scope.name,
                subject=scope.subject,
                day=scope.day,
                tokens=spent.tokens,
                micro_usd=spent.micro_usd or 0,
                warned=False,
            )
        )


def _warn_first(connection: Connection, org: str, scope: Scope) -> bool:
    """Whether nobody was warned of this counter before."""
    row = BudgetSpend
    return (
        connection.execute(update(row).where(*_of(org, scope), row.warned.is_(False)).values(warned=True)).rowcount > 0
    )
