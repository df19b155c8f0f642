"""The message shortcut "Ask Gavel about this": a form about a message, and a task in its thread.

What the message says is evidence; nobody asked for anything by writing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.alerts.alert_text import alert_text
from bot.blocks import ask, sentences
from bot.intake import Arrival, HandOverFailed, Intake
from bot.listeners.ask_form import Wrong, asked_in
from bot.listeners.ask_where import About
from bot.listeners.opening import OpenForm
from bot.listeners.orgs import org_of
from bot.permits.whence import teams_of
from bot.redaction import redact
from bot.slack_web import child

NO_WORDS = "(a message without words)"

OF_OTHERS = "(Written by somebody of another workspace.)"
"""Before what they wrote: whoever reads it as evidence is to know."""

OF_NOBODY = "(Slack does not say which workspace its author is of.)"
"""Likewise."""


@dataclass(frozen=True)
class AboutMessage:
    intake: Intake
    org: str | None
    open_form: OpenForm

    async def on_shortcut(self, body: dict[str, Any]) -> None:
        """Raises `FormNotOpened`: it is then not acknowledged, and Slack tells the person so."""
        message = child(body, "message")
        # Redacted before it goes anywhere: the form holds it until it is sent.
        quoted = redact(alert_text(message)).text or NO_WORDS
        about = About(
            channel=str(child(body, "channel").get("id") or ""),
            thread_ts=str(message.get("thread_ts") or body.get("message_ts") or message.get("ts") or ""),
            quoted=f"{_whose(body)}{quoted}",
        )
        metadata = about.encode()
        await self.open_form(
            str(body["trigger_id"]), ask.about_form(metadata=metadata, quoted=About.decode(metadata).quoted)
        )

    async def on_submission(self, body: dict[str, Any]) -> dict[str, str]:
        """What to show under which field; empty: it is handed over. A form that comes twice starts one task."""
        view: dict[str, Any] = body["view"]
        asked = asked_in(view)
        if isinstance(asked, Wrong):
            return asked.errors
        try:
            about = About.decode(str(view.get("private_metadata") or ""))
        except ValueError:
            return {ask.REQUEST_BLOCK: ask.UNREADABLE}
        arrival = Arrival(
            org=org_of(body, self.org),
            user=str(body["user"]["id"]),
            source="command",
            channel=about.channel,
            text=asked.text,
            thread_ts=about.thread_ts,
            message_ts=None,
            unique=str(view["id"]),
            quoted=about.quoted,
        )
        try:
            await self.intake.accept(arrival)
        except HandOverFailed:
            return {ask.REQUEST_BLOCK: sentences.workflow_away().text}
        return {}


def _whose(body: dict[str, Any]) -> str:
    """A line before the message, where it is not surely of the workspace of whoever points at it."""
    team, enterprise, who = child(body, "team"), child(body, "enterprise"), child(body, "user")
    own = {team.get("id"), team.get("enterprise_id"), enterprise.get("id"), who.get("team_id")}
    of = teams_of(child(body, "message"))
    return "" if of and of <= own else f"{OF_OTHERS if of else OF_NOBODY}\n"
