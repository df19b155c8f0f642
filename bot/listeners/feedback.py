"""👍 and 👎 under an answer. They decide nothing about a task, but count for which model is asked first next time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from bot.blocks import sentences
from bot.blocks.actions import FeedbackValue, MalformedButton
from bot.blocks.message import sentence
from bot.desks import FeedbackDesk, NotDone
from bot.listeners.clicks import Tell
from bot.listeners.orgs import org_of
from bot.permits.time_left import seconds_left
from bot.roles import RoleDirectory, RolesUnavailable

KEEP_SECONDS = 2.5
"""Of the three in which Slack wants an answer."""

NOT_COUNTED = sentence(
    "Only people with one of Gavel's roles are heard here, and you have none, so nothing was kept. Ask an admin."
)
NOT_KEPT = sentence("I could not keep that in time. Nothing was changed; press it again.")
KEPT = {
    True: sentence("Thank you: kept as right. It counts for which model is asked first the next time."),
    False: sentence("Thank you: kept as wrong. It counts for which model is asked first the next time."),
}


@dataclass(frozen=True)
class FeedbackDoor:
    """What the listeners lead to."""

    desk: FeedbackDesk
    roles: RoleDirectory


@dataclass(frozen=True)
class FeedbackListeners:
    door: FeedbackDoor
    org: str | None
    tell: Tell

    async def on_feedback(self, body: dict[str, Any]) -> None:
        """Slack does not send a click again: what could not be kept is said."""
        user = str(body["user"]["id"])
        try:
            async with asyncio.timeout(seconds_left(KEEP_SECONDS)):
                value = FeedbackValue.decode(str(body["actions"][0].get("value", "")))
                # Strangers must not choose the models.
                if not await self.door.roles.roles_of(user):
                    await self.tell(body, NOT_COUNTED)
                    return
                unique = str(body["actions"][0].get("action_ts") or body.get("trigger_id") or "")
                org = org_of(body, self.org)
                await self.door.desk.say(org=org, user=user, value=value, unique=unique)
        except MalformedButton:
            await self.tell(body, sentences.click_unreadable())
        except NotDone as error:
            await self.tell(body, sentence(str(error)))
        except (RolesUnavailable, TimeoutError):
            await self.tell(body, NOT_KEPT)
        else:
            await self.tell(body, KEPT[value.good])
