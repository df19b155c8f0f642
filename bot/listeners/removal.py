"""The app was removed from a workspace, or its tokens were revoked there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

Removed = Callable[[datetime, str], Awaitable[None]]
"""When, and by which event: the workspace is this app's no more. Done twice, it is done."""


@dataclass(frozen=True)
class RemovalListeners:
    """An exception means: not acknowledged, so Slack tells it again."""

    bot_user: str
    removed: Removed | None
    """None: there is one workspace, whose token is in the settings."""

    async def on_uninstalled(self, body: dict[str, Any]) -> None:
        await self._gone(body)

    async def on_revoked(self, body: dict[str, Any]) -> None:
        """Of people's tokens there are none here: only the bot's own matters."""
        tokens: dict[str, Any] = body["event"].get("tokens") or {}
        if self.bot_user in (tokens.get("bot") or []):
            await self._gone(body)

    async def _gone(self, body: dict[str, Any]) -> None:
        if self.removed is None:
            structlog.get_logger("gavel.slack").error(
                "The app was removed from the workspace: SLACK_BOT_TOKEN works no more, and tasks can say nothing "
                "there. Install the app again and set its new token."
            )
            return
        at = datetime.fromtimestamp(float(body.get("event_time") or 0), UTC)
        await self.removed(at, str(body["event"]["type"]))
