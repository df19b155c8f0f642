"""“Look into it”, on the card of an alert that was left out of a storm, or goes along with another."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from bot.alerts.askers import ASKERS_IN_WORDS, may_ask
from bot.alerts.asking import AskDoor, DeskGone
from bot.blocks import sentences
from bot.blocks.actions import MalformedButton
from bot.blocks.alerts import asked_for
from bot.blocks.message import sentence
from bot.intake import HandOverFailed
from bot.listeners.clicks import Tell
from bot.roles import RoleDirectory, RolesUnavailable
from bot.workflows.messages.triage import LookInto

ROLES_SECONDS = 1.0
"""Of the three in which Slack wants an answer, with up to two for Temporal."""

NOT_YOURS = sentence(
    f"To have an alert looked into takes the role {ASKERS_IN_WORDS}, and you hold none of them. Nothing was started."
)
NO_ROLES = sentence("Slack did not say which roles you have, so nothing was started. Press it again.")
GONE = sentence(
    "This alert was set aside some time ago, so nothing was started. Mention me in its thread to have it looked into."
)
ASKED = sentence("It is looked into next, and the answer comes into the alert's thread. Its card says how it stands.")


@dataclass(frozen=True)
class LookIntoListeners:
    door: AskDoor
    roles: RoleDirectory | None
    """None: nobody holds one."""
    org: str | None
    tell: Tell

    async def on_look_into(self, body: dict[str, Any]) -> None:
        """Slack does not send a click again: what became of it is said to who clicked."""
        user = str(body["user"]["id"])
        try:
            fingerprint = asked_for(str(body["actions"][0].get("value", "")))
            async with asyncio.timeout(ROLES_SECONDS):
                held = await self.roles.roles_of(user) if self.roles is not None else []
            if not may_ask(held):
                await self.tell(body, NOT_YOURS)
                return
            await self.door.ask(
                LookInto(
                    org=self.org or str(body["team"]["id"]),
                    # Where Slack says that the card is, never what the button says.
                    channel=str(body["channel"]["id"]),
                    fingerprint=fingerprint,
                    user=user,
                    unique=str(body["actions"][0].get("action_ts", "")),
                )
            )
        except MalformedButton:
            await self.tell(body, sentences.click_unreadable())
        except (RolesUnavailable, TimeoutError):
            await self.tell(body, NO_ROLES)
        except DeskGone:
            await self.tell(body, GONE)
        except HandOverFailed:
            await self.tell(body, sentences.click_not_recorded())
        else:
            await self.tell(body, ASKED)
