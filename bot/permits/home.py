"""Whose people may ask and decide at all: those of the tenant's workspace, or of its enterprise where it is that."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import aiohttp
from slack_sdk.errors import SlackClientError

from bot.slack_api import SlackApi
from tools.readings import RecentReadings

SECONDS_OLD = 300.0
"""How old the list of an enterprise's workspaces may be."""

PAGE, MOST_PAGES = 1000, 10


class HomeUnavailable(Exception):
    """Slack did not say which workspaces an enterprise has."""


class Home:
    """Of one tenant."""

    def __init__(self, api: SlackApi, *, team: str, enterprise: str = "", wide: bool = False) -> None:
        """As `auth.test` says of the bot. `enterprise`: empty: it is in none. `wide`: installed for all of it."""
        self._api = api
        self._own = frozenset({team, enterprise} - {""})
        self._wide = wide
        self._workspaces = RecentReadings[None, frozenset[str]](self._read, seconds=SECONDS_OLD)

    async def has(self, teams: Collection[str]) -> bool:
        """Whether all of these are the tenant's own; none at all is not. Raises :class:`HomeUnavailable`.

        An enterprise that Slack names instead of one of its workspaces is the tenant's own: its roles say the rest.
        """
        others = {*teams} - self._own
        if not others or not self._wide:
            return bool(teams) and not others
        return others <= await self._workspaces.of(None)

    async def _read(self, _: None) -> frozenset[str]:
        """The enterprise's workspaces that have the app."""
        found, cursor = set[str](), ""
        try:
            for _page in range(MOST_PAGES):
                answer = await self._api.api_call("auth.teams.list", params={"limit": PAGE, "cursor": cursor})
                teams: list[dict[str, Any]] = answer.get("teams") or []
                found.update(str(team.get("id")) for team in teams)
                metadata: dict[str, Any] = answer.get("response_metadata") or {}
                cursor = str(metadata.get("next_cursor") or "")
                if not cursor:
                    break
        except (SlackClientError, aiohttp.ClientError, OSError, TimeoutError) as error:
            raise HomeUnavailable(f"Slack did not list the workspaces: {type(error).__name__}") from error
        return frozenset(found)
