"""The app was removed from the workspace whose token is in the settings, or that token was revoked.

Where workspaces install the app, `bot.tenants.leaving` hears of it instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog


@dataclass(frozen=True)
class RemovalListeners:
    bot_user: str

    async def on_uninstalled(self) -> None:
        self._tell()

    async def on_revoked(self, body: dict[str, Any]) -> None:
        """Of people's tokens there are none here: only the bot's own matters."""
        if self.bot_user in revoked_bots(body):
            self._tell()

    def _tell(self) -> None:
        structlog.get_logger("gavel.slack").error(
            "The app was removed from the workspace: SLACK_BOT_TOKEN works no more, and tasks can say nothing there. "
            "Install the app again and set its new token."
        )


def revoked_bots(body: dict[str, Any]) -> list[str]:
    """The users of bots whose tokens a `tokens_revoked` event names."""
    tokens: dict[str, Any] = body["event"].get("tokens") or {}
    bots: list[Any] = tokens.get("bot") or []
    return [str(bot) for bot in bots]
