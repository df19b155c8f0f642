"""Who holds which role, asked when it matters: at the decision and again at execution."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError

from bot.settings import ROLE_GROUPS, Settings
from bot.slack_api import SlackApi
from tools.contracts.identity import Role
from tools.readings import RecentReadings, SharedReading

LADDER: tuple[Role, ...] = ("viewer", "operator", "approver", "admin")
"""From the role that may least."""


@dataclass(frozen=True)
class Address:
    """How those who hold a role are reached."""

    group: str = ""
    """Id of the Slack user group; empty: there is none."""
    people: Sequence[str] = ()
    """Slack user ids, where there is no group."""


@dataclass(frozen=True)
class _Group:
    id: str
    users: frozenset[str]


_Groups = Mapping[str, _Group]


class RolesUnavailable(Exception):
    """Nobody can say who holds which role. Nothing may be decided or run meanwhile."""


class RoleDirectory(Protocol):
    async def roles_of(self, user: str) -> list[Role]:
        """The person's roles now; empty for a stranger. Raises :class:`RolesUnavailable`."""
        ...

    async def address_of(self, role: Role) -> Address:
        """Whom to mention who holds it. Raises :class:`RolesUnavailable`."""
        ...


@dataclass(frozen=True)
class ListedRoles:
    """Roles from the configuration (`roles:` in gavel.yaml)."""

    people: Mapping[Role, frozenset[str]]

    async def roles_of(self, user: str) -> list[Role]:
        return [role for role, holders in self.people.items() if user in holders]

    async def address_of(self, role: Role) -> Address:
        """See :class:`RoleDirectory`."""
        return Address(people=sorted(self.people.get(role, ())))


class GroupRoles:
    """Roles from Slack user groups. Read afresh for every call: a person who was removed must not decide.

    Slack allows about twenty such readings a minute, so that those who ask at a time share one, and what only shows
    things does with an older one.
    """

    def __init__(self, client: SlackApi, *, seconds_old: float = 0.0) -> None:
        """`seconds_old`: how old a reading may be, for who shows things and decides nothing."""
        self._client = client
        self._now: Callable[[], Awaitable[_Groups]] = SharedReading(self._read, name="read the user groups").now
        if seconds_old:
            recent = RecentReadings[None, _Groups](lambda _: self._read(), seconds=seconds_old)
            self._now = lambda: recent.of(None)

    async def roles_of(self, user: str) -> list[Role]:
        groups = await self._now()
        return [role for role, handle in ROLE_GROUPS.items() if handle in groups and user in groups[handle].users]

    async def address_of(self, role: Role) -> Address:
        """See :class:`RoleDirectory`. A group that nobody is in reaches nobody."""
        found = (await self._now()).get(ROLE_GROUPS[role])
        return Address(group=found.id) if found is not None and found.users else Address()

    async def _read(self) -> _Groups:
        return await _read_groups(self._client)


async def read_groups(client: SlackApi) -> Mapping[str, frozenset[str]]:
    """The workspace's user groups: handle → user ids. Raises :class:`RolesUnavailable`."""
    return {handle: found.users for handle, found in (await _read_groups(client)).items()}


async def _read_groups(client: SlackApi) -> _Groups:
    try:
        answer = await client.api_call("usergroups.list", params={"include_users": True})
    except SlackApiError as error:
        raise RolesUnavailable(f"Slack did not list its user groups: {error}") from error
    except (ClientError, OSError, TimeoutError) as error:
        raise RolesUnavailable(f"Slack could not be asked for its user groups: {error}") from error
    groups: list[dict[str, Any]] = answer.get("usergroups") or []
    return {
        str(group.get("handle")): _Group(str(group.get("id") or ""), frozenset(group.get("users") or []))
        for group in groups
    }


def role_directory(settings: Settings, client: SlackApi, *, org: str, seconds_old: float = 0.0) -> RoleDirectory:
    """As configured for this tenant, else by its user groups. `seconds_old`: see :class:`GroupRoles`."""
    explicit = settings.roles_listed_for(org)
    return GroupRoles(client, seconds_old=seconds_old) if explicit is None else ListedRoles(explicit)
