"""Who is in which team: as configured, else as Slack's user groups say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bot.roles import RolesUnavailable, read_groups
from bot.settings import ROLE_GROUPS
from bot.slack_api import SlackApi
from bot.usage.report import TeamsUnknown


@dataclass(frozen=True)
class Teams:
    """Callable, as a report wants it."""

    configured: Mapping[str, Collection[str]]
    slack: SlackApi | None
    """None: there is no workspace to ask."""

    async def __call__(self) -> Mapping[str, Collection[str]]:
        """Team → people's ids. The groups that hold Gavel's roles are no teams. Raises :class:`TeamsUnknown`."""
        if self.configured:
            return self.configured
        if self.slack is None:
            raise TeamsUnknown(
                "Nobody says who is in which team, so nothing was counted. List teams under usage.teams in gavel.yaml "
                "(`usage: {teams: {platform: [U012AB3CD]}}`), or set SLACK_BOT_TOKEN to use Slack's user groups."
            )
        try:
            groups = await read_groups(self.slack)
        except RolesUnavailable as error:
            raise TeamsUnknown(f"{error} Nothing was counted; try again, or list teams under usage.teams.") from error
        return {name: people for name, people in groups.items() if name not in ROLE_GROUPS.values()}
