"""The modes as configured, with the channels' names looked up."""

from __future__ import annotations

from agents.orchestrator.modes import ModeDefaults
from bot.channels import channel_ids
from bot.settings import Settings
from bot.slack_api import SlackApi
from bot.starting import needed


async def mode_defaults(settings: Settings, api: SlackApi | None) -> ModeDefaults:
    """`api`: None: nobody can be asked for names, so that only ids count.

    Raises what :func:`bot.starting.needed` does when Slack must be asked for names and does not answer."""
    found: dict[str, str] = {}
    if api is not None:
        with needed("Slack did not list its channels, among them those of modes.channels"):
            found = await channel_ids(api, settings.modes.channels)
    return ModeDefaults(
        default=settings.llm.mode,
        # A name that Slack does not list (a private channel before the bot is invited) stands as it is.
        channels={found.get(name, name): setting for name, setting in settings.modes.channels.items()},
        agents=settings.modes.agents,
        risks=settings.modes.risks,
        orgs=settings.modes.orgs,
    )
