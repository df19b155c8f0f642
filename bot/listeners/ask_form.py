"""`/gavel ask` without words, and the global shortcut: a form, handed over as a command would be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agents.intake import mode_named
from bot.blocks import ask, sentences
from bot.blocks.message import Message, sentence
from bot.desks import Typed
from bot.intake import Arrival, HandOverFailed, Intake
from bot.listeners.ask_where import channel_in
from bot.listeners.opening import FormNotOpened, OpenForm
from bot.listeners.orgs import org_of
from bot.slack_web import child
from tools.contracts.modes import ModeSetting


@dataclass(frozen=True)
class AskForm:
    intake: Intake
    org: str | None
    open_form: OpenForm

    async def show(self, typed: Typed, mode: ModeSetting | None) -> Message:
        """What the person sees beside the form."""
        try:
            await self.open_form(typed.trigger_id, ask.ask_form(metadata=typed.channel, mode=mode))
        except FormNotOpened:
            return sentence("Slack did not open the form, so nothing was started. Send `/gavel ask` and your request.")
        return sentence("Say in the form what is to be done.")

    async def shortcut(self, body: dict[str, Any]) -> None:
        """The global shortcut. Slack shows its own words where no form opens; the person tries again."""
        await self.open_form(str(body["trigger_id"]), ask.ask_form(metadata=""))

    async def on_submission(self, body: dict[str, Any]) -> dict[str, str]:
        """What to show under which field; empty: it is handed over. A form that comes twice starts one task."""
        view: dict[str, Any] = body["view"]
        asked = asked_in(view)
        if isinstance(asked, Wrong):
            return asked.errors
        channel = channel_in(view)
        if not channel:
            offered = child(child(child(view, "state"), "values"), ask.WHERE_BLOCK)
            return {ask.WHERE_BLOCK if offered else ask.REQUEST_BLOCK: ask.NOWHERE if offered else ask.UNREADABLE}
        arrival = Arrival(
            org=org_of(body, self.org),
            user=str(body["user"]["id"]),
            source="command",
            channel=channel,
            text=asked.text,
            thread_ts=None,
            message_ts=None,
            unique=str(view["id"]),
        )
        try:
            await self.intake.accept(arrival)
        except HandOverFailed:
            return {ask.REQUEST_BLOCK: sentences.workflow_away().text}
        return {}


@dataclass(frozen=True)
class Asked:
    text: str
    """With the mode that was picked as its prefix."""


@dataclass(frozen=True)
class Wrong:
    errors: dict[str, str]


def asked_in(view: dict[str, Any]) -> Asked | Wrong:
    """The request and the mode of a form that was submitted."""
    values = child(child(view, "state"), "values")
    words: object = child(child(values, ask.REQUEST_BLOCK), ask.REQUEST_INPUT).get("value")
    chosen: object = child(child(child(values, ask.MODE_BLOCK), ask.MODE_INPUT), "selected_option").get("value")
    mode = mode_named(chosen) if isinstance(chosen, str) else None
    if not isinstance(words, str):
        return Wrong({ask.REQUEST_BLOCK: ask.UNREADABLE})
    if mode is None and chosen != ask.AS_SET:
        return Wrong({ask.MODE_BLOCK: ask.UNREADABLE})
    if not words.strip():
        return Wrong({ask.REQUEST_BLOCK: ask.EMPTY})
    return Asked(words.strip() if mode is None else f"{mode}: {words.strip()}")
