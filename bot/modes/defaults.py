"""The modes as configured, with the channels' names looked up."""

from __future__ import annotations

from agents.orchestrator.modes import ModeDefaults
from bot.app import channel_ids
from bot.settings import Settings
from bot.slack_api import SlackApi
from bot.starting import needed
from tools.contracts.modes import ModeSetting


async def mode_defaults(settings: Settings, api: SlackApi | None) -> ModeDefaults:
    """`api`: None: nobody can be asked for names, so that only ids count.

    Raises what :func:`bot.starting.needed` does when Slack must be asked for names and does not answer."""
    channels: dict[str, ModeSetting] = {}
    for name, setting in settings.modes.channels.items():
        if api is None:
            channels[name] = setting
            continue
        with needed("Slack did not list its channels, among them those of modes.channels"):
            # An id that Slack does not list (a private channel before the bot is invited) stands as it is.
            for channel in await channel_ids(api, [name]) or {name}:
                channels[channel] = setting
    return ModeDefaults(
        default=settings.llm.mode,
        channels=channels,
        agents=settings.modes.agents,
        risks=settings.modes.risks,
        orgs=settings.modes.orgs,
    )
