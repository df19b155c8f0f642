"""Who holds which role, asked when it matters: at the decision and again at execution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError

from bot.settings import ROLE_GROUPS
from bot.slack_api import SlackApi
from tools.contracts.identity import Role


class RolesUnavailable(Exception):
    """Nobody can say who holds which role. Nothing may be decided or run meanwhile."""


class RoleDirectory(Protocol):
    async def roles_of(self, user: str) -> list[Role]:
        """The person's roles now; empty for a stranger. Raises :class:`RolesUnavailable`."""
        ...


@dataclass(frozen=True)
class ListedRoles:
    """Roles from the configuration (`roles:` in gavel.yaml)."""

    people: Mapping[Role, frozenset[str]]

    async def roles_of(self, user: str) -> list[Role]:
        return [role for role, holders in self.people.items() if user in holders]


@dataclass(frozen=True)
class GroupRoles:
    """Roles from Slack user groups. Read afresh at every call: a person who was removed must not decide."""

    client: SlackApi

    async def roles_of(self, user: str) -> list[Role]:
        try:
            answer = await self.client.api_call("usergroups.list", params={"include_users": True})
        except SlackApiError as error:
            raise RolesUnavailable(f"Slack did not list its user groups: {error}") from error
        except (ClientError, OSError, TimeoutError) as error:
            raise RolesUnavailable(f"Slack could not be asked for its user groups: {error}") from error
        groups: list[dict[str, Any]] = answer.get("usergroups") or []
        held = {str(group.get("handle")) for group in groups if user in (group.get("users") or [])}
        return [role for role, handle in ROLE_GROUPS.items() if handle in held]
