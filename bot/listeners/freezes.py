"""`/gavel freeze`, its form and the Thaw buttons. Who may is asked when it counts, at the end of a form or a click."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from bot.blocks import freeze as says
from bot.blocks.message import Message, sentence
from bot.desks import NotDone, NotKnown, Typed, Whisper
from bot.listeners.later import Later
from bot.listeners.opening import FormNotOpened, OpenForm
from bot.listeners.orgs import org_of
from bot.roles import RoleDirectory, RolesUnavailable
from bot.slack_web import child
from tools.contracts.common import JsonObject
from tools.contracts.identity import Role

ROLES_SECONDS = 1.2
WRITE_SECONDS = 1.5
"""Both together, of the three in which Slack wants a form's answer."""

THAW_SECONDS = 10.0
"""Slack has its answer by then; the person waits for theirs."""

MOST_DAYS = 90

MAY: frozenset[Role] = frozenset({"approver", "admin"})


class FreezeDesk(Protocol):
    """Keeps freezes. Every method may raise :class:`bot.desks.NotDone`, and those that write `NotKnown`."""

    async def standing(self, org: str) -> Sequence[says.Frozen]: ...

    async def declare(
        self, *, org: str, user: str, name: str, environment: str, reason: str, end: datetime
    ) -> says.Frozen:
        """Once for each `name`, however often it is called. Returns what is on record, never what is not."""
        ...

    async def thaw(self, *, org: str, user: str, name: str) -> bool:
        """Whether it stood."""
        ...


@dataclass(frozen=True)
class FreezeDoor:
    desk: FreezeDesk
    roles: RoleDirectory


@dataclass(frozen=True)
class FreezeListeners:
    door: FreezeDoor
    org: str | None
    open_form: OpenForm
    whisper: Whisper
    now: Callable[[], datetime]
    later: Later

    async def answer(self, typed: Typed) -> Message:
        """`/gavel freeze [list]`. Implements `bot.desks.Desk`."""
        if typed.words not in ("", "list"):
            return sentence(
                "I did not understand that, so nothing was frozen. Try `/gavel freeze` or `/gavel freeze list`."
            )
        held = typed.roles if typed.roles is not None else await self._held(typed.user)
        refused = _refusal(held)
        if not held:
            return sentence(refused or says.NO_ROLES)
        if refused is None and not typed.words:
            try:
                await self.open_form(typed.trigger_id, says.freeze_form(metadata=typed.channel, now=self.now()))
            except FormNotOpened:
                return sentence("Slack did not open the form, so nothing was frozen. Send `/gavel freeze` again.")
        wanted_form = refused is not None and not typed.words
        try:
            standing = await self.door.desk.standing(typed.org)
        except NotDone as error:
            return sentence(f"{refused} {error}" if wanted_form else str(error))
        return says.freezes_card(standing, may=refused is None, refused=(refused or "") if wanted_form else "")

    async def on_submission(self, body: dict[str, Any]) -> dict[str, str]:
        """The form was submitted. What to show under which field; empty: it is on record, and holds."""
        view: dict[str, Any] = body["view"]
        values = child(child(view, "state"), "values")
        environment: object = child(
            _field(values, says.ENVIRONMENT_BLOCK, says.ENVIRONMENT_INPUT), "selected_option"
        ).get("value")
        reason: object = _field(values, says.REASON_BLOCK, says.REASON_INPUT).get("value")
        until: object = _field(values, says.END_BLOCK, says.END_INPUT).get("selected_date_time")
        if environment not in says.ENVIRONMENTS or not isinstance(reason, str) or not isinstance(until, int):
            return {says.REASON_BLOCK: says.UNREADABLE}
        if not reason.strip():
            return {says.REASON_BLOCK: says.NO_REASON}
        now = self.now()
        if not now.timestamp() < until <= (now + timedelta(days=MOST_DAYS)).timestamp():
            return {says.END_BLOCK: says.end_refused(MOST_DAYS)}
        user = str(body["user"]["id"])
        refused = await self._refused(user)
        if refused is not None:
            return {says.ENVIRONMENT_BLOCK: refused}
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                frozen = await self.door.desk.declare(
                    org=org_of(body, self.org),
                    user=user,
                    # Not the form's id alone: sent again with other values it is another freeze.
                    name=f"{view['id']}.{environment}.{until}",
                    environment=str(environment),
                    reason=reason.strip()[: says.MAX_REASON],
                    end=datetime.fromtimestamp(until, UTC),
                )
        except (NotKnown, TimeoutError):
            return {says.ENVIRONMENT_BLOCK: says.MAYBE}
        except NotDone as error:
            return {says.ENVIRONMENT_BLOCK: str(error)}
        channel = str(view.get("private_metadata") or "")
        self.later.do(self.whisper(channel, user, says.now_frozen(frozen)), what="that it is frozen")
        return {}

    async def on_thaw(self, body: dict[str, Any]) -> None:
        """Thaw was clicked, and Slack has its answer. The person is told there, or directly."""
        said = await self._thaw(body)
        channel = str(child(body, "channel").get("id") or "")
        self.later.do(self.whisper(channel, str(body["user"]["id"]), said), what="what came of thawing")

    async def _thaw(self, body: dict[str, Any]) -> Message:
        user = str(body["user"]["id"])
        refused = await self._refused(user)
        if refused is not None:
            return says.not_thawed(refused)
        action: dict[str, Any] = body["actions"][0]
        try:
            org = org_of(body, self.org)
            async with asyncio.timeout(THAW_SECONDS):
                thawed = await self.door.desk.thaw(org=org, user=user, name=str(action.get("value") or ""))
        except (NotKnown, TimeoutError):
            return says.not_thawed(says.MAYBE)
        except NotDone as error:
            return says.not_thawed(str(error))
        return says.now_thawed() if thawed else says.not_frozen_any_more()

    async def _refused(self, user: str) -> str | None:
        """Why the person may not; None: they may."""
        return _refusal(await self._held(user))

    async def _held(self, user: str) -> Collection[Role] | None:
        """None: nobody can say."""
        try:
            async with asyncio.timeout(ROLES_SECONDS):
                return await self.door.roles.roles_of(user)
        except (RolesUnavailable, TimeoutError):
            return None


def _refusal(roles: Collection[Role] | None) -> str | None:
    if roles is None:
        return says.NO_ROLES
    return says.NOT_IN_ROLE if MAY.isdisjoint(roles) else None


def _field(values: JsonObject, block: str, element: str) -> JsonObject:
    return child(child(values, block), element)
