"""The tenant of this installation, without asking Slack."""

from __future__ import annotations

from bot.local.datadir import DataDirectory
from bot.local.slack.seed import TEAM_ID
from bot.settings import Settings, SettingsError


def org_of(settings: Settings) -> str:
    """As configured, else of the gavel that ran here. Raises `SettingsError`."""
    note = DataDirectory(settings.data_dir).remembered()
    org = settings.org or (note.org if note is not None else "")
    if not org and settings.slack.distributed:
        raise SettingsError(
            ["GAVEL_ORG is not set, and several workspaces may be installed here; set it to the team id (T…) of one"]
        )
    if not org and settings.slack.configured:
        raise SettingsError(["GAVEL_ORG is not set, and no gavel has run here; set it to your Slack team id (T…)"])
    return org or TEAM_ID
