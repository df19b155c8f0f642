"""The home tab: opened, and the buttons on it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any

import structlog

from agents.intake import mode_named
from bot.blocks import home as says
from bot.blocks import sentences
from bot.blocks.ask import AS_SET, ask_form
from bot.blocks.message import Message, sentence
from bot.desks import Desk, Typed, Whisper
from bot.home.keeper import HomeKeeper
from bot.intake import HandOverFailed, Intake, TaskEnded
from bot.listeners.later import Later
from bot.listeners.opening import FormNotOpened, OpenForm
from bot.listeners.orgs import org_of
from bot.permits.time_left import seconds_left
from bot.slack_web import child
from tools.contracts.control import Control

DESK_SECONDS = 2.6
"""Of the three in which Slack wants an answer to a click: who may, and what the desk says."""

UNREADABLE = sentence("I could not read which mode you picked, so nothing was changed. Pick it again.")
NOT_OPENED = sentence("Slack did not open the form, so nothing was done. Click again.")
OVER = sentence("That task is over, so there is nothing left to cancel. Your click changed nothing.")
NOT_RECORDED = sentence(
    "I could not record that: the workflow service did not answer. Nothing was cancelled; click again."
)


@dataclass(frozen=True)
class HomeListeners:
    keeper: HomeKeeper
    intake: Intake
    org: str | None
    open_form: OpenForm
    whisper: Whisper
    desks: Mapping[str, Desk]
    """Verb of `/gavel` → who answers it: `mode`, `keys`, `delegate` and `freeze` do what they do there."""
    later: Later

    async def on_opened(self, body: dict[str, Any]) -> None:
        """`app_home_opened`. Of its tabs only home is ours to fill."""
        event: dict[str, Any] = body["event"]
        if event.get("tab") == "home":
            self.keeper.opened(org=self._org(body), user=str(event["user"]), channel=str(event.get("channel") or ""))

    async def on_click(self, body: dict[str, Any]) -> None:
        """Any button of the tab but Cancel and the links."""
        action: dict[str, Any] = body["actions"][0]
        typed = self._typed(body, "")
        match action["action_id"]:
            case says.ASK:
                try:
                    await self.open_form(typed.trigger_id, ask_form(metadata=typed.channel))
                except FormNotOpened:
                    await self._tell(typed, NOT_OPENED)
            case says.FREEZE:
                await self._at_desk("freeze", typed)
            case says.LEND:
                await self._at_desk("delegate", typed)
            case says.KEYS:
                await self._at_desk("keys", typed)
            case says.MODE:
                chosen = str(child(action, "selected_option").get("value") or "")
                word = "default" if chosen == AS_SET else mode_named(chosen)
                if word is None:
                    await self._tell(typed, UNREADABLE)
                else:
                    await self._at_desk("mode", replace(typed, words=word))
            case _:
                pass
        self.keeper.opened(org=typed.org, user=typed.user, channel=typed.channel)

    async def on_cancel(self, body: dict[str, Any]) -> None:
        """Cancel of a task. The workflow says whether the person may, as on its own card."""
        action: dict[str, Any] = body["actions"][0]
        typed = self._typed(body, "")
        task_id = str(action.get("value") or "")
        try:
            await self.intake.control(
                Control(
                    org=typed.org,
                    task_id=task_id,
                    action="cancel",
                    user=typed.user,
                    channel=typed.channel,
                    unique=str(action.get("action_ts", "")),
                    issued_at=self.intake.now().astimezone(UTC).isoformat(),
                )
            )
        except TaskEnded:
            await self._tell(typed, OVER)
        except HandOverFailed:
            await self._tell(typed, NOT_RECORDED)
        self.keeper.opened(org=typed.org, user=typed.user, channel=typed.channel)

    async def _at_desk(self, verb: str, typed: Typed) -> None:
        """What the command of this name does. Its words are said in the direct messages."""
        desk = self.desks.get(verb)
        if desk is None:
            await self._tell(typed, sentence("That is not configured here, so nothing was done."))
            return
        try:
            async with asyncio.timeout(seconds_left(DESK_SECONDS)):
                said = await desk.answer(typed)
        except Exception as error:
            # As at the command: what was typed may be in the error's words.
            kind = type(error).__name__
            structlog.get_logger("gavel.slack").error(f"`{verb}` on a home tab could not be answered.", error=kind)
            said = sentence(sentences.not_in_time(f"`/gavel {verb}`"))
        await self._tell(typed, said)

    async def _tell(self, typed: Typed, said: Message) -> None:
        # Without a channel the whisper finds the direct messages itself.
        self.later.do(self.whisper(typed.channel, typed.user, said), what="what came of a click on a home tab")

    def _typed(self, body: dict[str, Any], words: str) -> Typed:
        view = child(body, "view")
        return Typed(
            org=self._org(body),
            user=str(body["user"]["id"]),
            # Ours, from the view we published.
            channel=str(view.get("private_metadata") or ""),
            words=words,
            trigger_id=str(body.get("trigger_id") or ""),
        )

    def _org(self, body: dict[str, Any]) -> str:
        return org_of(body, self.org)
