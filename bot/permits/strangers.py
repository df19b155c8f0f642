"""Who is of another organisation, in a channel that is shared with it: heard by nobody here, whatever they hold there.

Asked before anything else is, of people and of apps alike: what another organisation's monitor posts is no alert of
this one. A list of roles by user id does not let a stranger in: which workspace they are of goes before who they are.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from bot.permits import words
from bot.permits.home import Home, HomeUnavailable
from bot.permits.whence import whence
from bot.permits.wishes import OF_SLACK
from bot.slack_web import child
from tools.contracts.common import JsonObject

HOME_SECONDS = 0.6
"""Of the three in which Slack wants an answer. Only of an enterprise anything is asked, once in some minutes."""


@dataclass(frozen=True)
class Strangers:
    home: Home

    async def refusal(self, body: JsonObject) -> str | None:
        """Why nothing is taken from whoever did it, for them; None: they are at home, or Slack tells of no person.

        Raises `HomeUnavailable`.
        """
        event = child(body, "event")
        if event.get("type") in OF_SLACK:
            return None
        found = whence(body)
        if not found.teams and not found.must_be_named:
            # In a channel of one workspace all are of it, and Slack does not say so of each.
            return None
        try:
            async with asyncio.timeout(HOME_SECONDS):
                if await self.home.has(found.teams):
                    return None
        except TimeoutError as error:
            raise HomeUnavailable("Slack did not list the workspaces in time") from error
        structlog.get_logger("gavel.permits").info(
            "Something of another organisation's, in a shared channel. Nothing was done about it.",
            kind=str(event.get("type") or body.get("type") or "command")[:60],
            app=bool(event.get("bot_id") or child(event, "message").get("bot_id")),
            teams=sorted(found.teams),
        )
        return words.STRANGER if found.teams else words.FROM_NOWHERE
