"""`/gavel`: `ask …`, `help`, and what a desk answers, as `usage`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot.blocks import sentences
from bot.blocks.help import help_text
from bot.blocks.message import Message, sentence
from bot.desks import Desk, Typed
from bot.intake import Arrival, HandOverFailed, Intake
from bot.listeners.ask_form import AskForm
from bot.listeners.asking import UnknownMode, split_option
from bot.listeners.orgs import org_of
from bot.permits.gate import roles_read
from bot.permits.time_left import seconds_left

ANSWER_SECONDS = 2.6
"""Of the three in which Slack wants an answer: who may, and what the desk says."""


@dataclass(frozen=True)
class CommandListeners:
    intake: Intake
    org: str | None
    form: AskForm
    """For who asks without words."""
    desks: Mapping[str, Desk] = field(default_factory=dict[str, Desk])
    """Verb → who answers it."""

    async def on_gavel(self, body: dict[str, Any]) -> Message:
        """What the person sees at once, and only they. Slack does not send a command again: a failure is said here."""
        verb, _, rest = str(body.get("text") or "").strip().partition(" ")
        verb = verb.lower()
        if verb in self.desks:
            return await self._at_desk(verb, rest.strip(), body)
        if verb != "ask":
            return help_text(unknown=verb not in ("", "help"))
        try:
            mode, asked = split_option(rest.strip())
        except UnknownMode as error:
            return sentence(str(error))
        if not asked:
            return await self.form.show(self._typed(asked, body), mode)
        arrival = Arrival(
            org=org_of(body, self.org),
            user=str(body["user_id"]),
            source="command",
            channel=str(body["channel_id"]),
            text=asked if mode is None else f"{mode}: {asked}",
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

    async def _at_desk(self, verb: str, words: str, body: dict[str, Any]) -> Message:
        try:
            async with asyncio.timeout(seconds_left(ANSWER_SECONDS)):
                return await self.desks[verb].answer(self._typed(words, body))
        except Exception as error:
            # What was typed is not logged: it may be a key that somebody did not mean to show.
            kind = type(error).__name__
            structlog.get_logger("gavel.slack").error(f"`/gavel {verb}` could not be answered.", error=kind)
            return sentence(sentences.not_in_time(f"`/gavel {verb}`"))

    def _typed(self, words: str, body: dict[str, Any]) -> Typed:
        user = str(body["user_id"])
        return Typed(
            org=org_of(body, self.org),
            user=user,
            channel=str(body["channel_id"]),
            words=words,
            trigger_id=str(body["trigger_id"]),
            roles=roles_read(user),
        )
