"""`/gavel delegate` and its form. What a form says is what the command would: one desk answers both."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import structlog

from bot.blocks import delegation as says
from bot.blocks.message import Message, sentence
from bot.delegations.lending import LENDING_ROLES, LONGEST
from bot.desks import Desk, Typed, Whisper
from bot.listeners.later import Later
from bot.listeners.opening import FormNotOpened, OpenForm
from bot.listeners.orgs import org_of
from bot.permits.time_left import seconds_left
from bot.roles import RoleDirectory, RolesUnavailable
from bot.slack_web import child

ROLES_SECONDS = 1.2
LEND_SECONDS = 2.5
"""Of the three in which Slack wants a form's answer."""

_USER = re.compile(r"[UW][A-Z0-9]{1,20}")


@dataclass(frozen=True)
class DelegationListeners:
    desk: Desk
    """What `/gavel delegate …` is answered by. It says whether the person may, when it counts."""
    roles: RoleDirectory
    org: str | None
    open_form: OpenForm
    whisper: Whisper
    now: Callable[[], datetime]
    later: Later

    async def answer(self, typed: Typed) -> Message:
        """`/gavel delegate [list | …]`: without words the form, too, for who may lend. Implements `bot.desks.Desk`."""
        if typed.words == "list":
            return await self.desk.answer(replace(typed, words=""))
        if typed.words:
            return await self.desk.answer(typed)
        try:
            async with asyncio.timeout(ROLES_SECONDS):
                held = typed.roles if typed.roles is not None else await self.roles.roles_of(typed.user)
        except (RolesUnavailable, TimeoutError):
            return sentence("Slack did not say which roles you have, so nothing was changed. Try again.")
        if not LENDING_ROLES.isdisjoint(held):
            try:
                await self.open_form(typed.trigger_id, says.lend_form(metadata=typed.channel, now=self.now()))
            except FormNotOpened:
                return sentence("Slack did not open the form, so nothing was lent. Send `/gavel delegate` again.")
        return await self.desk.answer(typed)

    async def on_submission(self, body: dict[str, Any]) -> dict[str, str]:
        """The form was submitted. What to show under which field; empty: the person is told what came of it."""
        view: dict[str, Any] = body["view"]
        values = child(child(view, "state"), "values")
        taker: object = child(child(values, says.TAKER_BLOCK), says.TAKER_INPUT).get("selected_user")
        until: object = child(child(values, says.UNTIL_BLOCK), says.UNTIL_INPUT).get("selected_date_time")
        user = str(body["user"]["id"])
        if not isinstance(taker, str) or not _USER.fullmatch(taker) or not isinstance(until, int):
            return {says.TAKER_BLOCK: says.UNREADABLE}
        if taker == user:
            return {says.TAKER_BLOCK: says.THAT_IS_YOU}
        now = self.now()
        if not now.timestamp() < until <= (now + LONGEST).timestamp():
            return {says.UNTIL_BLOCK: says.until_refused(LONGEST.days)}
        when = datetime.fromtimestamp(until, UTC)
        channel = str(view.get("private_metadata") or "")
        typed = Typed(
            org=org_of(body, self.org),
            user=user,
            channel=channel,
            words=f"<@{taker}> until {when.isoformat()}",
            # Unique to what is lent: a form that comes twice lends once, and one that was changed is another.
            trigger_id=f"{view['id']}.{taker}.{until}",
        )
        try:
            async with asyncio.timeout(seconds_left(LEND_SECONDS)):
                said = await self.desk.answer(typed)
        except Exception as error:
            kind = type(error).__name__
            structlog.get_logger("gavel.slack").error("A form that lends a role was not answered.", error=kind)
            return {says.TAKER_BLOCK: says.MAYBE}
        self.later.do(self.whisper(channel, user, said), what="what came of lending a role")
        return {}
