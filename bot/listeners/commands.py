"""`/gavel ask …` and `/gavel help`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.blocks import sentences
from bot.blocks.message import Message, sentence
from bot.intake import Arrival, HandOverFailed, Intake
from bot.listeners.asking import UnknownMode, with_mode


@dataclass(frozen=True)
class CommandListeners:
    intake: Intake
    org: str | None

    async def on_gavel(self, body: dict[str, Any]) -> Message:
        """What the person sees at once, and only they. Slack does not send a command again: a failure is said here."""
        verb, _, rest = str(body.get("text") or "").strip().partition(" ")
        try:
            asked = with_mode(rest.strip())
        except UnknownMode as error:
            return sentence(str(error))
        if verb != "ask" or not asked:
            return sentences.help_text()
        arrival = Arrival(
            org=self.org or str(body["team_id"]),
            user=str(body["user_id"]),
            source="command",
            channel=str(body["channel_id"]),
            text=asked,
            thread_ts=None,
            message_ts=None,
            # A command has no ts; its trigger id is as unique.
            unique=str(body["trigger_id"]),
        )
        try:
            await self.intake.accept(arrival)
        except HandOverFailed:
            return sentences.workflow_away()
        return sentence("On it. A thread opens here in a moment.")
