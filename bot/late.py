"""What answers a slash command besides tasks, imported when it is first asked for: a bot alone holds little memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module

from pydantic import SecretStr

from agents.orchestrator.chat import Member
from bot.blocks.actions import FeedbackValue
from bot.blocks.message import Message
from bot.clock import utc_now
from bot.desks import Desk, KeyDesk, Owned, Typed, Whisper
from bot.keys import Keys
from bot.late_surfaces import doctor_desk, policy_desk, task_desk
from bot.roles import RoleDirectory
from bot.settings import Settings
from bot.slack_api import SlackApi
from bot.thread import ThreadRef, ThreadWriter


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
class LateDelegation:
    """`/gavel delegate`."""

    settings: Settings
    keys: Keys = field(repr=False)
    roles: RoleDirectory

    async def answer(self, typed: Typed) -> Message:
        """See :class:`Desk`."""
        await asyncio.to_thread(import_module, "bot.delegations.desk")
        from bot.delegations.desk import DelegationDesk

        return await DelegationDesk(self.settings, self.keys, self.roles, utc_now).answer(typed)


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
class LateFiles:
    """A task's files. Implements `bot.desks.FileDesk`."""

    settings: Settings
    keys: Keys = field(repr=False)
    writer: ThreadWriter
    redis_url: str = field(repr=False)

    async def post(self, *, org: str, task_id: str, thread: ThreadRef, user: str, may_all: bool) -> None:
        """See `FileDesk`."""
        await asyncio.to_thread(import_module, "bot.papers.desk")
        from bot.attachments.fetching import file_origin
        from bot.papers.claiming import Claims
        from bot.papers.desk import PaperDesk
        from bot.papers.posting import PaperPoster
        from bot.redis_client import open_redis

        redis = open_redis(self.redis_url)
        try:
            poster = PaperPoster(self.writer, file_origin(self.settings.slack.api_url), Claims(redis))
            desk = PaperDesk(self.settings, self.keys, poster)
            await desk.post(org=org, task_id=task_id, thread=thread, user=user, may_all=may_all)
        finally:
            await redis.aclose()


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
        "delegate": LateDelegation(settings, keys, roles),
    }
