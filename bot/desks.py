"""What answers a slash command besides tasks. What that takes is imported when it is first asked for: a bot without a
worker holds half the memory of one with."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Protocol

from agents.orchestrator.chat import Member
from bot.blocks.message import Message
from bot.clock import utc_now
from bot.keys import Keys
from bot.roles import GroupRoles, ListedRoles, RoleDirectory
from bot.settings import Settings
from bot.slack_api import SlackApi


@dataclass(frozen=True)
class Typed:
    """A slash command, as the surface that authenticated the person received it."""

    org: str
    user: str
    channel: str
    words: str
    """What was typed after the verb. Untrusted."""
    trigger_id: str
    """Opens one form, within three seconds."""


class Desk(Protocol):
    async def answer(self, typed: Typed) -> Message:
        """What the person is told, and only they. Takes two seconds at most."""
        ...


def role_directory(settings: Settings, client: SlackApi) -> RoleDirectory:
    """As configured, else by user groups."""
    explicit = settings.roles.explicit
    return GroupRoles(client) if explicit is None else ListedRoles(explicit)


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
        from bot.usage.desk import UsageDesk
        from bot.usage.teams import Teams

        desk = UsageDesk(
            database_url=self.settings.database_url,
            roles=self.roles,
            teams=Teams(self.settings.usage.teams, self.client),
            now=utc_now,
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
class LateModels:
    """`/gavel models`."""

    settings: Settings
    members: Sequence[Member] = field(repr=False)

    async def answer(self, typed: Typed) -> Message:
        """See :class:`Desk`."""
        await asyncio.to_thread(import_module, "bot.routing.desk")
        from bot.routing.desk import ModelsDesk

        return await ModelsDesk(self.settings, self.members, utc_now).answer(typed)


def desks(settings: Settings, client: SlackApi, keys: Keys, *, members: Sequence[Member]) -> Mapping[str, Desk]:
    """Verb of `/gavel` → who answers it. `members`: the models that answer."""
    roles = role_directory(settings, client)
    return {
        "usage": LateUsage(settings, client, roles),
        "mode": LateMode(settings, keys, client, roles),
        "models": LateModels(settings, members),
    }
