"""What answers a slash command besides tasks, imported when it is first asked for: a bot alone holds little memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from pydantic import SecretStr

from agents.orchestrator.chat import Member
from bot.blocks.actions import FeedbackValue
from bot.blocks.freeze import Frozen
from bot.blocks.home import Home
from bot.blocks.message import Message
from bot.clock import utc_now
from bot.desks import Desk, KeyDesk, Owned, Typed, Whisper
from bot.home.keeper import Reader
from bot.keys import Keys
from bot.listeners.freezes import FreezeDesk
from bot.roles import RoleDirectory
from bot.settings import Settings
from bot.slack_api import SlackApi

if TYPE_CHECKING:
    from bot.tasks.board import TaskEntry


@dataclass(frozen=True)
class LateUsage:
    """`/gavel usage`."""

    settings: Settings
    client: SlackApi
    roles: RoleDirectory

    async def answer(self, typed: Typed) -> Message:
        """See :class:`Desk`."""
        # In a thread first: SQLAlchemy takes half a second, and others wait for their acknowledgement.
        await asyncio.to_thread(import_module, "bot.usage.desk")
        from bot.budgets.opening import limits_of
        from bot.usage.desk import UsageDesk
        from bot.usage.teams import Teams

        desk = UsageDesk(
            database_url=self.settings.database_url,
            roles=self.roles,
            teams=Teams(self.settings.usage.teams, self.client),
            now=utc_now,
            limits=limits_of(self.settings.budgets),
        )
        return await desk.answer(typed)


@dataclass(frozen=True)
class LateMode:
    """`/gavel mode`."""

    settings: Settings
    keys: Keys = field(repr=False)
    client: SlackApi
    roles: RoleDirectory

    async def answer(self, typed: Typed) -> Message:
        """See :class:`Desk`."""
        await asyncio.to_thread(import_module, "bot.modes.desk")
        from bot.modes.desk import ModeDesk

        return await ModeDesk(self.settings, self.keys, self.client, self.roles, utc_now).answer(typed)


@dataclass(frozen=True)
class LateKeys:
    """The key store. Implements `bot.listeners.keys.KeyDesk`."""

    settings: Settings
    keys: Keys = field(repr=False)
    members: Sequence[Member] = field(repr=False)

    async def save(self, *, org: str, user: str, everybodys: bool, provider: str, key: SecretStr) -> None:
        """See `KeyDesk`."""
        async with self._open() as desk:
            await desk.save(org=org, user=user, everybodys=everybodys, provider=provider, key=key)

    async def delete(self, *, org: str, user: str, everybodys: bool, provider: str) -> None:
        """See `KeyDesk`."""
        async with self._open() as desk:
            await desk.delete(org=org, user=user, everybodys=everybodys, provider=provider)

    async def kept(self, *, org: str, user: str) -> Sequence[Owned]:
        """See `KeyDesk`."""
        async with self._open() as desk:
            return await desk.kept(org=org, user=user)

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[KeyDesk]:
        # As with usage.
        await asyncio.to_thread(import_module, "bot.keystore.desk")
        from bot.keystore.desk import open_desk

        async with open_desk(self.settings, self.keys, self.members) as desk:
            yield desk


@dataclass(frozen=True)
class LateModels:
    """`/gavel models`."""

    settings: Settings
    members: Sequence[Member] = field(repr=False)

    async def answer(self, typed: Typed) -> Message:
        """See :class:`Desk`."""
        await asyncio.to_thread(import_module, "bot.routing.desk")
        from bot.routing.desk import ModelsDesk

        return await ModelsDesk(self.settings, self.members, utc_now).answer(typed)


@dataclass(frozen=True)
class LateFeedback:
    """👍 and 👎. Implements `bot.desks.FeedbackDesk`."""

    settings: Settings
    keys: Keys = field(repr=False)

    async def say(self, *, org: str, user: str, value: FeedbackValue, unique: str) -> None:
        """See `FeedbackDesk`."""
        await asyncio.to_thread(import_module, "bot.routing.feedback")
        from bot.routing.feedback import SqlFeedback

        await SqlFeedback(self.settings, self.keys, utc_now).say(org=org, user=user, value=value, unique=unique)


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


@dataclass(frozen=True)
class LateHome:
    """Home tabs. Implements `bot.home.keeper.Reader`."""

    settings: Settings
    keys: Keys = field(repr=False)
    client: SlackApi
    roles: RoleDirectory
    home: str
    """The workspace's address."""

    async def read(self, org: str, user: str, channel: str) -> Home:
        """See `Reader`."""
        return await (await self._reader()).read(org, user, channel)

    async def newest_change(self, org: str) -> int:
        """See `Reader`."""
        return await (await self._reader()).newest_change(org)

    async def _reader(self) -> Reader:
        # As with usage.
        await asyncio.to_thread(import_module, "bot.home.reading")
        from bot.home.reading import HomeReader

        return HomeReader(self.settings, self.keys, self.client, self.roles, self.home, utc_now)


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


def desks(
    settings: Settings,
    client: SlackApi,
    keys: Keys,
    *,
    roles: RoleDirectory,
    members: Sequence[Member],
    home: str,
    whisper: Whisper,
) -> Mapping[str, Desk]:
    """Verb of `/gavel` → who answers it. `members`: the models that answer. `home`: the workspace's address."""
    return {
        "tasks": task_desk("tasks", settings, client, roles=roles, home=home),
        "task": task_desk("task", settings, client, roles=roles, home=home),
        "approvals": task_desk("approvals", settings, client, roles=roles, home=home),
        "policy": policy_desk(settings, keys),
        "doctor": doctor_desk(settings, whisper),
        "usage": LateUsage(settings, client, roles),
        "mode": LateMode(settings, keys, client, roles),
        "models": LateModels(settings, members),
    }
