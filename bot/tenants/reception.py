"""What Slack sends of all tenants, over HTTP: its signature checked first, then handed to the one it comes from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from bot.intake import HandOverFailed
from bot.local.errors import StackError
from bot.redaction import is_object
from bot.settings_slack import INSTALL_PATH
from bot.tenants.apps import TenantApps
from bot.tenants.client import NotInstalled, NoToken
from bot.tenants.leaving import REMOVALS, Leaving
from bot.tenants.tenant import NoTenant, org_of_body
from tools.contracts.ledger import LedgerUnavailable

_AWAY = (NoToken, StackError, LedgerUnavailable, HandOverFailed)
"""What may be over when Slack sends it again."""


@dataclass(frozen=True)
class Reception:
    verifier: SignatureVerifier
    apps: TenantApps
    leaving: Leaving

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/slack/events", self.take)]

    async def take(self, request: web.Request) -> web.Response:
        """One request of Slack's. Anything else is 401, and reads as nothing."""
        body = await request.read()
        if not self._signed(body, dict(request.headers.items())):
            return web.json_response({"error": "invalid request"}, status=401)
        log = structlog.get_logger("gavel.slack")
        try:
            bolt = await to_bolt_request(request)
            payload: dict[str, Any] = bolt.body
            if payload.get("type") == "url_verification":
                return web.json_response({"challenge": payload.get("challenge")})
            if "ssl_check" in payload:
                return web.Response()
            org = org_of_body(payload)
        except (ValueError, NoTenant, AttributeError, TypeError) as error:
            log.warning("What Slack sent names no workspace, or cannot be read. Nothing was done.", error=str(error))
            return web.json_response({"error": "no workspace"}, status=400)
        try:
            return await self._of(org, payload, bolt)
        except NotInstalled:
            return self._stranger(org, payload)
        except _AWAY as error:
            log.warning(f"{error} It was not acknowledged, so that Slack sends it again.", org=org)
            return web.json_response({"error": "away"}, status=503)

    def _signed(self, body: bytes, headers: dict[str, str]) -> bool:
        try:
            return self.verifier.is_valid_request(body, headers)
        except (ValueError, TypeError):
            # A time that is no number, a body that is no UTF-8, a signature that is no ASCII: not Slack's.
            return False

    async def _of(self, org: str, payload: dict[str, Any], bolt: AsyncBoltRequest) -> web.Response:
        event = payload.get("event")
        if is_object(event) and event.get("type") in REMOVALS:
            await self.leaving.hear(org, payload)
            return web.Response()
        app = await self.apps.of(org)
        answer: Callable[..., Awaitable[web.Response]] = to_aiohttp_response
        return await answer(await app.async_dispatch(bolt))

    def _stranger(self, org: str, payload: dict[str, Any]) -> web.Response:
        """A workspace that has just removed the app, or whose installation was lost."""
        structlog.get_logger("gavel.slack").warning(
            "Something came from a workspace that did not install the app. Nothing was done.", org=org
        )
        if "command" in payload:
            said = f"Gavel is not installed in this workspace, so nothing was done. It is installed at {INSTALL_PATH}."
            return web.json_response({"response_type": "ephemeral", "text": said})
        return web.Response()
