"""The surfaces besides tasks, imported when one is first asked for: a bot alone holds little memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from bot.blocks.freeze import Frozen
from bot.blocks.home import Home
from bot.blocks.message import Message
from bot.clock import utc_now
from bot.desks import Desk, Typed, Whisper
from bot.home.keeper import Reader
from bot.keys import Keys
from bot.listeners.freezes import FreezeDesk
from bot.roles import RoleDirectory
from bot.settings import Settings
from bot.slack_api import SlackApi

if TYPE_CHECKING:
    from bot.tasks.board import TaskEntry


@dataclass(frozen=True)
class LateFreezes:
    """Freezes. Implements `bot.listeners.freezes.FreezeDesk`."""

    settings: Settings
    keys: Keys = field(repr=False)

    async def standing(self, org: str) -> Sequence[Frozen]:
        """See `FreezeDesk`."""
        return await (await self._desk()).standing(org)

    async def declare(self, *, org: str, user: str, name: str, environment: str, reason: str, end: datetime) -> Frozen:
        """See `FreezeDesk`."""
        desk = await self._desk()
        return await desk.declare(org=org, user=user, name=name, environment=environment, reason=reason, end=end)

    async def thaw(self, *, org: str, user: str, name: str) -> bool:
        """See `FreezeDesk`."""
        return await (await self._desk()).thaw(org=org, user=user, name=name)

    async def _desk(self) -> FreezeDesk:
        # As with usage.
        await asyncio.to_thread(import_module, "bot.freeze_desk")
        from bot.freeze_desk import LedgerFreezes

        return LedgerFreezes(self.settings, self.keys, utc_now)


@dataclass
class LateHome:
    """Home tabs. Implements `bot.home.keeper.Reader`."""

    settings: Settings
    keys: Keys = field(repr=False)
    client: SlackApi
    roles: RoleDirectory
    home: str
    """The workspace's address."""
    _made: Reader | None = field(default=None, init=False, repr=False)

    async def read(self, org: str, user: str, channel: str) -> Home:
        """See `Reader`."""
        return await (await self._reader()).read(org, user, channel)

    async def newest_change(self, org: str) -> int:
        """See `Reader`."""
        return await (await self._reader()).newest_change(org)

    async def _reader(self) -> Reader:
        if self._made is None:
            # As with usage.
            await asyncio.to_thread(import_module, "bot.home.reading")
            from bot.home.reading import home_reader

            self._made = home_reader(
                self.settings, self.keys, self.client, roles=self.roles, home=self.home, now=utc_now
            )
        return self._made


@dataclass(frozen=True)
class LateTasks:
    """Single tasks. Implements `bot.listeners.links.TaskFinder`."""

    settings: Settings
    client: SlackApi
    home: str
    """The workspace's address."""

    async def one(self, org: str, task_id: str) -> TaskEntry | None:
        """See `TaskFinder`."""
        # As with usage.
        await asyncio.to_thread(import_module, "bot.tasks.desk")
        from bot.tasks.desk import open_board

        async with open_board(self.settings, self.home) as board:
            return await board.one(org, task_id)

    async def is_open(self, channel: str) -> bool:
        """See `TaskFinder`."""
        await asyncio.to_thread(import_module, "bot.tasks.seeing")
        from bot.tasks.seeing import Rooms

        return await Rooms(self.client).is_open(channel)


@dataclass(frozen=True)
class LateDesk:
    """A desk whose module is imported when it is first asked."""

    module: str
    make: Callable[[], Desk]

    async def answer(self, typed: Typed) -> Message:
        """See :class:`Desk`."""
        await asyncio.to_thread(import_module, self.module)
        return await self.make().answer(typed)


def task_desk(
    what: Literal["tasks", "task", "approvals"],
    settings: Settings,
    client: SlackApi,
    *,
    roles: RoleDirectory,
    home: str,
) -> LateDesk:
    """`home`: the workspace's address."""

    def make() -> Desk:
        from bot.tasks.desk import TaskDesk
        from bot.tasks.seeing import Rooms

        return TaskDesk(what, settings, roles, Rooms(client), home)

    return LateDesk("bot.tasks.desk", make)


def policy_desk(settings: Settings, keys: Keys) -> LateDesk:
    def make() -> Desk:
        from bot.policy_desk import PolicyDesk

        return PolicyDesk(settings, keys)

    return LateDesk("bot.policy_desk", make)


def doctor_desk(settings: Settings, whisper: Whisper) -> LateDesk:
    asking: set[asyncio.Task[None]] = set()

    def make() -> Desk:
        from bot.doctor_desk import DoctorDesk

        return DoctorDesk(settings, whisper, asking)

    return LateDesk("bot.doctor_desk", make)
