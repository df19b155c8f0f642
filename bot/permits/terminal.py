"""The gate at a terminal: what acts on an org's behalf there is asked of the policies, as in Slack."""

from __future__ import annotations

import asyncio

from bot.commands import prepared
from bot.org import org_of
from bot.policy_data import policy_bundle
from bot.settings import Settings
from bot.terminal import terminal_user
from policies.build import open_engine
from policies.commands import NotPermitted, Wish, refusals


def permitted(command: str) -> None:
    """That whoever operates this machine may do it. Blocking.

    Raises :class:`NotPermitted`, `PolicyUnavailable` where nobody could be asked, and `SettingsError`.
    """
    settings = prepared()
    reasons = asyncio.run(_reasons(settings, Wish(org_of(settings), terminal_user(), command, "terminal")))
    if reasons:
        raise NotPermitted(f"You may not do `gavel {command}` here: {'; '.join(reasons)}. Nothing was done.")


async def _reasons(settings: Settings, wish: Wish) -> list[str]:
    engine = await open_engine(settings.opa.url, bundle=policy_bundle(settings))
    try:
        return await refusals(engine, wish, roles=[])
    finally:
        await engine.aclose()
