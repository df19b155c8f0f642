"""The tasks of an org, as the ledger's own index has them. Every query names the org first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import quote

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import InstrumentedAttribute

from bot.ledger.database import Database, reason_of
from bot.ledger.tables import OPEN, WAITING, TaskRow
from tools.contracts.ledger import LedgerUnavailable

Status = Literal["working", "asking", "awaiting_approval", "executing", "paused", "ended"]


@dataclass(frozen=True)
class TaskEntry:
    """One task."""

    org: str
    task_id: str
    user: str
    """Who asked: a Slack user id, or `alert:…`."""
    source: str
    channel: str
    thread_ts: str
    """Empty: no thread is open."""
    goal: str
    """Untrusted words."""
    agent: str
    environment: str
    status: Status
    roles: frozenset[str]
    """Who may decide on the plan that waits; empty: none waits."""
    quorum: int
    voters: tuple[str, ...]
    expires_at: datetime | None
    outcome: str
    cost_usd: float | None
    received_at: datetime
    changed_at: datetime
    link: str = ""
    """To its thread in Slack; empty: not known."""

    def waits_for(self, user: str, roles: Collection[str]) -> bool:
        """Whether this person may decide on it now, as far as the record says. The workflow says whether they do."""
        return (
            self.status == "awaiting_approval"
            and user != self.user
            and user not in self.voters
            and not self.roles.isdisjoint(roles)
        )


@dataclass(frozen=True)
class TaskBoard:
    """Every method raises `LedgerUnavailable`."""

    database: Database
    home: str
    """The workspace's own address, with a slash at its end; empty: links are left out."""

    async def one(self, org: str, task_id: str) -> TaskEntry | None:
        found = await self._read(select(TaskRow).where(TaskRow.org == org, TaskRow.task_id == task_id))
        return found[0] if found else None

    async def recent(
        self, org: str, *, channel: str | None = None, user: str | None = None, running: bool, limit: int
    ) -> list[TaskEntry]:
        """The newest first. `running`: those that have not ended, else those that have."""
        query = select(TaskRow).where(TaskRow.org == org, text(OPEN) if running else TaskRow.status == "ended")
        if channel is not None:
            query = query.where(_chosen(TaskRow.channel, running=running) == channel)
        if user is not None:
            query = query.where(_chosen(TaskRow.user_id, running=running) == user)
        return await self._read(query.order_by(TaskRow.received_at.desc()).limit(limit))

    async def waiting(self, org: str, user: str, roles: Collection[str], *, limit: int) -> list[TaskEntry]:
        """What waits for this person's decision, the first to expire first."""
        if not roles:
            return []
        # Thousands may wait, and of most of them only so much is looked at.
        asked = (
            select(TaskRow.task_id, TaskRow.roles, TaskRow.voters)
            .where(TaskRow.org == org, text(WAITING), TaskRow.user_id != user)
            .order_by(TaskRow.expires_at)
        )

        def find(connection: Connection) -> list[str]:
            return [
                str(task_id)
                for task_id, able, voters in connection.execute(asked)
                if not _words(able).isdisjoint(roles) and user not in _words(voters)
            ][:limit]

        try:
            chosen = await self.database.look(find)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise _away(error) from error
        found = await self._read(
            select(TaskRow)
            .where(TaskRow.org == org, TaskRow.task_id.in_(chosen), text(WAITING))
            .order_by(TaskRow.expires_at)
        )
        return [task for task in found if task.waits_for(user, roles)]

    async def newest_change(self, org: str) -> int:
        """The place in the ledger of the newest entry that changed a task; 0: there is none."""
        query = select(func.coalesce(func.max(TaskRow.seq), 0)).where(TaskRow.org == org)
        try:
            return await self.database.look(lambda connection: int(connection.execute(query).scalar_one()))
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise _away(error) from error

    async def _read(self, query: Select[TaskRow]) -> list[TaskEntry]:
        # As columns: the rows are read without a session.
        columns = query.with_only_columns(*TaskRow.__table__.columns)
        try:
            return await self.database.look(
                lambda connection: [_entry(row, self.home) for row in connection.execute(columns).mappings()]
            )
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise _away(error) from error


def _chosen(column: InstrumentedAttribute[str], *, running: bool) -> ColumnElement[str]:
    """The few that run are looked through. By its own index a column leads through all that ended there, too."""
    return column.concat("") if running else column.expression


def _away(error: Exception) -> LedgerUnavailable:
    return LedgerUnavailable(f"The tasks could not be read ({reason_of(error)}).")


def permalink(home: str, channel: str, thread_ts: str) -> str:
    """Slack's own form of a link to a message, without asking for it: empty where a part is missing."""
    if not (home and channel and thread_ts):
        return ""
    return f"{home}archives/{quote(channel, safe='')}/p{quote(thread_ts.replace('.', ''), safe='')}"


def _entry(row: RowMapping, home: str) -> TaskEntry:
    channel, thread_ts = str(row["channel"]), str(row["thread_ts"])
    return TaskEntry(
        org=str(row["org"]),
        task_id=str(row["task_id"]),
        user=str(row["user_id"]),
        source=str(row["source"]),
        channel=channel,
        thread_ts=thread_ts,
        goal=str(row["goal"]),
        agent=str(row["agent"]),
        environment=str(row["environment"]),
        status=_status(str(row["status"])),
        roles=_words(row["roles"]),
        quorum=int(row["quorum"]),
        voters=tuple(filter(None, str(row["voters"]).split(","))),
        expires_at=_moment(str(row["expires_at"])),
        outcome=str(row["outcome"]),
        cost_usd=None if row["cost_usd"] is None else float(row["cost_usd"]),
        received_at=datetime.fromisoformat(str(row["received_at"])),
        changed_at=datetime.fromisoformat(str(row["changed_at"])),
        link=permalink(home, channel, thread_ts),
    )


def _words(text: object) -> frozenset[str]:
    return frozenset(filter(None, str(text).split(",")))


def _status(word: str) -> Status:
    match word:
        case "asking" | "awaiting_approval" | "executing" | "paused" | "ended":
            return word
        case _:
            return "working"


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
