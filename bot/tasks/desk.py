"""`/gavel tasks`, `/gavel task ID` and `/gavel approvals` in Slack."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.blocks.message import Message, sentence
from bot.blocks.tasks import Step, approvals_card, task_details, tasks_card
from bot.clock import utc_now
from bot.desks import Typed
from bot.ledger.database import Database
from bot.ledger.reader import entries
from bot.roles import RoleDirectory, RolesUnavailable
from bot.settings import Settings
from bot.tasks.board import TaskBoard, TaskEntry
from bot.tasks.seeing import Rooms
from tools.contracts.ledger import LedgerUnavailable

RUNNING, RECENT, WAITING, STEPS = 15, 10, 20, 200
"""How many of each are read."""

NO_SUCH_TASK = (
    "There is no task of that name that I may show you here. `/gavel tasks` lists those of this channel, "
    "`/gavel tasks mine` yours. Nothing was changed."
)


@asynccontextmanager
async def open_board(settings: Settings, home: str) -> AsyncGenerator[TaskBoard]:
    """For one answer: a bot without a worker has no other use for a database."""
    database = Database.open(settings.database_url, lock_timeout_seconds=1)
    try:
        yield TaskBoard(database, home)
    finally:
        await database.close()


@dataclass(frozen=True)
class TaskDesk:
    """Which of the three: `what`."""

    what: Literal["tasks", "task", "approvals"]
    settings: Settings
    roles: RoleDirectory
    rooms: Rooms
    home: str
    """See :class:`TaskBoard`."""

    async def answer(self, typed: Typed) -> Message:
        """See :class:`bot.desks.Desk`."""
        try:
            roles = typed.roles if typed.roles is not None else await self.roles.roles_of(typed.user)
            async with open_board(self.settings, self.home) as board:
                match self.what:
                    case "tasks":
                        return await self._tasks(board, typed)
                    case "task":
                        return await self._task(board, typed, roles=[*roles])
                    case "approvals":
                        return await self._approvals(board, typed, roles=[*roles])
        except RolesUnavailable:
            return sentence("Slack did not say which roles you have, so nothing is shown. Try again.")
        except LedgerUnavailable:
            return sentence("The database does not answer, so nothing is shown. `gavel doctor` says why.")

    async def _tasks(self, board: TaskBoard, typed: Typed) -> Message:
        words = typed.words.strip().lower()
        if words not in ("", "mine"):
            return sentence(
                "I did not understand that, so nothing is shown. Try `/gavel tasks`, `/gavel tasks mine` or "
                "`/gavel task ID`."
            )
        if words:
            where, user = None, typed.user
        else:
            where, user = typed.channel, None
        running = await board.recent(typed.org, channel=where, user=user, running=True, limit=RUNNING)
        recent = await board.recent(typed.org, channel=where, user=user, running=False, limit=RECENT)
        return tasks_card(running, recent, mine=bool(words))

    async def _task(self, board: TaskBoard, typed: Typed, *, roles: list[str]) -> Message:
        task = await board.one(typed.org, typed.words.strip().strip("`"))
        if task is None or not await self.rooms.visible([task], user=typed.user, roles=roles, here=typed.channel):
            # The same words for both: whether a task exists may be what is not to be seen.
            return sentence(NO_SUCH_TASK)
        return task_details(task, await self._steps(board, task), now=utc_now())

    async def _steps(self, board: TaskBoard, task: TaskEntry) -> list[Step]:
        found = await entries(board.database, task.org, task_id=task.task_id, limit=STEPS)
        return [Step(entry.kind, entry.actor, datetime.fromisoformat(entry.at)) for entry in found]

    async def _approvals(self, board: TaskBoard, typed: Typed, *, roles: list[str]) -> Message:
        waiting = await board.waiting(typed.org, typed.user, roles, limit=WAITING)
        seen = await self.rooms.visible(waiting, user=typed.user, roles=roles, here=typed.channel)
        return approvals_card(seen, hidden=len(waiting) - len(seen), may_approve=bool(roles))
