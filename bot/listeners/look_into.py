"""“Look into it”, on the card of an alert that was left out of a storm, or goes along with another.

Who may is said by the gate before it, and asked again when the alert's turn has come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.alerts.asking import AskDoor, DeskGone
from bot.blocks import sentences
from bot.blocks.actions import MalformedButton
from bot.blocks.alerts import asked_for
from bot.blocks.message import sentence
from bot.intake import HandOverFailed
from bot.listeners.clicks import Tell
from bot.listeners.orgs import org_of
from bot.workflows.messages.triage import LookInto

GONE = sentence(
    "This alert was set aside some time ago, so nothing was started. Mention me in its thread to have it looked into."
)
ASKED = sentence("It is looked into next, and the answer comes into the alert's thread. Its card says how it stands.")


@dataclass(frozen=True)
class LookIntoListeners:
    door: AskDoor
    org: str | None
    tell: Tell

    async def on_look_into(self, body: dict[str, Any]) -> None:
        """Slack does not send a click again: what became of it is said to who clicked."""
        try:
            fingerprint = asked_for(str(body["actions"][0].get("value", "")))
            await self.door.ask(
                LookInto(
                    org=org_of(body, self.org),
                    # Where Slack says that the card is, never what the button says.
                    channel=str(body["channel"]["id"]),
                    fingerprint=fingerprint,
                    user=str(body["user"]["id"]),
                    unique=str(body["actions"][0].get("action_ts", "")),
                )
            )
        except MalformedButton:
            await self.tell(body, sentences.click_unreadable())
        except DeskGone:
            await self.tell(body, GONE)
        except HandOverFailed:
            await self.tell(body, sentences.click_not_recorded())
        else:
            await self.tell(body, ASKED)
