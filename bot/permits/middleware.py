"""Bolt's side of the gate: it comes before every listener, so that none can be registered beside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.blocks.message import Message, sentence
from bot.desks import Whisper
from bot.intake import HandOverFailed
from bot.listeners.clicks import Tell
from bot.listeners.later import Later
from bot.listeners.orgs import org_of
from bot.permits import words
from bot.permits.gate import Gate
from bot.permits.home import HomeUnavailable
from bot.permits.strangers import Strangers
from bot.permits.time_left import begin
from bot.permits.wishes import QUIET, Request, request_in
from bot.slack_web import child
from tools.contracts.common import JsonObject


@dataclass(frozen=True)
class Gatekeeper:
    """Lets a request on to its listener, or answers it: acknowledged, with why not, and nothing done."""

    gate: Gate
    strangers: Strangers
    """Asked before it."""
    org: str | None
    """The configured one. None: the workspace that it comes from."""
    bot_user: str
    whisper: Whisper
    tell: Tell
    later: Later

    async def refusal(self, body: JsonObject) -> BoltResponse | None:
        """The whole answer to what Slack sent. None: let it on. Raises `HandOverFailed`: Slack shall send it again."""
        begin()
        request = request_in(body, bot_user=self.bot_user)
        try:
            stranger = await self.strangers.refusal(body)
        except HomeUnavailable as error:
            if request is None:
                # It may be an alert of ours, which nobody would send again.
                raise HandOverFailed(str(error)) from error
            stranger = words.HOME_AWAY
        if request is None:
            # Nobody waits for a word, and what another organisation's app posts goes no further.
            return None if stranger is None else BoltResponse(status=200, body="")
        why = stranger or await self.gate.refusal(request, org=org_of(body, self.org))
        return None if why is None else self._refused(request, body, why)

    def _refused(self, request: Request, body: JsonObject, refusal: str) -> BoltResponse:
        """A command and a form show it themselves; elsewhere it is said to the person alone."""
        said = sentence(refusal)
        if request.surface == "command":
            return BoltResponse(
                status=200, body={"response_type": "ephemeral", "text": said.text, "blocks": said.blocks}
            )
        if request.surface == "form" and request.field:
            return BoltResponse(
                status=200, body={"response_action": "errors", "errors": {request.field: refusal[:150]}}
            )
        if request.command not in QUIET and request.user:
            self.later.do(self._say(request, body, said), what="that somebody may not do what they wanted")
        return BoltResponse(status=200, body="")

    async def _say(self, request: Request, body: JsonObject, said: Message) -> None:
        if request.surface == "button" and child(body, "channel"):
            await self.tell(body, said)
        else:
            await self.whisper(request.channel, request.user, said)


def gated(keeper: Gatekeeper) -> Callable[..., Awaitable[BoltResponse]]:
    """For `App.use`, before any listener is registered."""

    async def behind_the_gate(
        req: AsyncBoltRequest, resp: BoltResponse, next_: Callable[[], Awaitable[object]]
    ) -> BoltResponse:
        body: dict[str, Any] = req.body
        refused = await keeper.refusal(body)
        if refused is not None:
            return refused
        await next_()
        return resp

    return behind_the_gate
