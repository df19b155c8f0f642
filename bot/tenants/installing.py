"""`/slack/install` and `/slack/oauth_redirect`: what a person's browser sees of an installation."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode, urljoin

import structlog
from aiohttp import web

from bot.redis_client import RedisAway
from bot.settings import SettingsError
from bot.settings_slack import INSTALL_PATH, REDIRECT_PATH, SlackSettings
from bot.tenants.granting import Granting, NotGranted, org_of
from bot.tenants.scopes import SCOPES
from bot.tenants.states import SECONDS, InstallStates
from tools.contracts.ledger import LedgerUnavailable

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""The address that the browser comes back to holds a code: it is handed on to nobody."""


@dataclass(frozen=True)
class Installing:
    slack: SlackSettings
    states: InstallStates
    granting: Granting
    installed: Callable[[str], None]
    """Told the tenant: what is remembered of an earlier installation is out of date."""

    def routes(self) -> list[web.RouteDef]:
        return [web.get(INSTALL_PATH, self.begin), web.get(REDIRECT_PATH, self.finish)]

    async def begin(self, request: web.Request) -> web.Response:
        """To Slack, with a state that only this browser can bring back."""
        browser = self._browser(request) or secrets.token_urlsafe(32)
        try:
            state = await self.states.issue(browser)
        except RedisAway as error:
            return _page(503, "Not now", f"An installation cannot be begun: Redis is away ({error}). Try again soon.")
        query = {
            "client_id": self.slack.client_id or "",
            "scope": ",".join(SCOPES),
            "user_scope": "",
            "redirect_uri": self.slack.redirect_url or "",
            "state": state,
        }
        # Slack's page lies beside its Web API.
        to = f"{urljoin(self.slack.api_url, '/oauth/v2/authorize')}?{urlencode(query)}"
        response = web.Response(status=302, headers={"Location": to, **HEADERS})
        response.set_cookie(
            self._cookie, browser, max_age=SECONDS, path="/", secure=self._secure, httponly=True, samesite="Lax"
        )
        return response

    async def finish(self, request: web.Request) -> web.Response:
        """Back from Slack. Whatever is wrong with it, nothing is installed."""
        query = request.query
        if "error" in query:
            return _page(200, "Not installed", "Slack says that it was not allowed. Nothing was installed.")
        try:
            fresh = await self.states.consume(query.get("state", ""), self._browser(request) or "")
        except RedisAway as error:
            return _page(503, "Not installed", f"Redis is away ({error}). Nothing was installed; begin again soon.")
        if not fresh:
            return _page(
                400,
                "Not installed",
                "This was begun in another browser or too long ago, or it is used up. Nothing was installed; begin "
                f"again at {INSTALL_PATH}.",
            )
        log = structlog.get_logger("gavel.slack")
        try:
            installation = await self.granting.install(query.get("code", ""))
        except NotGranted as error:
            log.warning("A workspace was not installed.", reason=str(error))
            return _page(400, "Not installed", f"{error} Nothing was installed.")
        except (LedgerUnavailable, SettingsError) as error:
            log.warning("A workspace was not installed: it could not be kept.", reason=str(error))
            return _page(503, "Not installed", "It could not be written down, so it was not kept. Try again soon.")
        org = org_of(installation)
        self.installed(org)
        log.info("A workspace installed the app.", org=org, by=installation.user_id)
        name = installation.enterprise_name if installation.is_enterprise_install else installation.team_name
        return _page(
            200, "Installed", f"Gavel is installed in {name or org}. Invite it to a channel, and ask it there."
        )

    @property
    def _secure(self) -> bool:
        return (self.slack.redirect_url or "").startswith("https:")

    @property
    def _cookie(self) -> str:
        """With this prefix a browser takes it from this host alone, and over TLS only."""
        return "__Host-gavel-install" if self._secure else "gavel-install"

    def _browser(self, request: web.Request) -> str | None:
        """Its secret; None: it has none yet, or somebody has been at it."""
        value = request.cookies.get(self._cookie, "")
        return value if _SECRET.fullmatch(value) else None


def _page(status: int, title: str, words: str) -> web.Response:
    text = (
        f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title><h1>{escape(title)}</h1><p>{escape(words)}"
    )
    return web.Response(status=status, text=text, content_type="text/html", headers=HEADERS)
