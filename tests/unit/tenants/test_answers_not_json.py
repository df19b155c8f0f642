"""Where Slack should answer, something else does: a proxy, or half of an answer. It is as if Slack were away."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import build_client, who_are_we
from bot.blocks.modal import Modal
from bot.edge import SLACK_AWAY
from bot.keystore.ring import RingSource
from bot.listeners.opening import FormNotOpened
from bot.local.errors import StackError
from bot.pacing import Pacer
from bot.roles import RolesUnavailable, read_groups
from bot.settings import Settings
from bot.slack_web import SlackRetryable, SlackWeb
from bot.speaking import opener
from bot.starting import needed
from bot.tenants.client import NoToken, app_client, tenant_client
from bot.tenants.granting import Granting, NotGranted
from bot.tenants.rotation import Tokens
from bot.tenants.store import SqlInstallations
from tests.unit.ledger.book import Book

ANSWERS = {
    "a proxy's words": (502, "text/plain", b"bad gateway"),
    "words, and 200": (200, "text/plain", b"ok"),
    "no UTF-8": (200, "text/plain", b"\xff\xfe"),
    "broken JSON": (200, "application/json", b'{"ok": tr'),
    "a list": (200, "application/json", b'["ok"]'),
    "a list, and 500": (500, "application/json", b'["ok"]'),
    "null": (200, "application/json", b"null"),
    "bytes": (200, "application/gzip", b"\x1f\x8b"),
}


@pytest.fixture(params=list(ANSWERS.values()), ids=list(ANSWERS))
async def api_url(request: pytest.FixtureRequest) -> AsyncGenerator[str]:
    """A server that gives one of these answers, whatever it is asked."""
    status, content_type, body = request.param

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, content_type=content_type, body=body)

    app = web.Application()
    app.router.add_route("*", "/{what:.*}", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/api/"))


@pytest.fixture(params=["of a tenant", "of the one workspace"])
def client(request: pytest.FixtureRequest, api_url: str) -> AsyncWebClient:
    if request.param == "of the one workspace":
        only = build_client(api_url=api_url, bot_token="xoxb-1")
        only.retry_handlers.clear()
        return only

    async def token(*, refused: str | None = None) -> str:
        assert refused is None, "no answer said that the token has ended"
        return "xoxb-1"

    return tenant_client(token, api_url=api_url, retry_handlers=[])


async def test_a_call_is_to_be_tried_again(client: AsyncWebClient) -> None:
    web_api = SlackWeb(client, pacer=Pacer())
    with pytest.raises(SlackRetryable):
        await web_api.read("conversations.info", {"channel": "C1"})
    with pytest.raises(SlackRetryable):
        await web_api.write("chat.postMessage", {"channel": "C1", "text": "x"})


async def test_nobody_holds_a_role_by_it(client: AsyncWebClient) -> None:
    api: Any = client
    with pytest.raises(RolesUnavailable, match="did not list its user groups"):
        await read_groups(api)


async def test_a_form_is_not_taken_for_open(client: AsyncWebClient) -> None:
    api: Any = client
    modal = Modal("c", "Title", "Go", "Close", "", [{"type": "divider"}])
    with pytest.raises(FormNotOpened):
        await opener(api)("1.2", modal)


async def test_the_bot_does_not_start_and_says_why(client: AsyncWebClient) -> None:
    with pytest.raises(StackError, match=r"^Slack did not say who this bot is: .*`gavel doctor`"), needed(SLACK_AWAY):
        await who_are_we(client)


async def test_nothing_is_installed(api_url: str, settings: Settings, book: Book, ring: RingSource) -> None:
    store = SqlInstallations(book.database, ring, now=lambda: datetime.now(UTC))
    with pytest.raises(NotGranted, match="Slack refused: no reason"):
        await Granting(settings.slack, app_client(api_url), store, book.ledger).install("code")
    assert await store.all() == []


async def test_a_token_is_not_refreshed_and_the_reason_is_told(api_url: str, book: Book, ring: RingSource) -> None:
    store = SqlInstallations(book.database, ring, now=lambda: datetime.now(UTC))
    await store.async_save(installation())
    rotator = AsyncTokenRotator(client_id="1.2", client_secret="c", client=app_client(api_url))
    tokens = Tokens(store, rotator, now=lambda: datetime.now(UTC))
    with pytest.raises(NoToken, match="has ended, and there is no new one"):
        await tokens.token("T0ACME", refused="xoxe.xoxb-1")
    assert [one.trouble for one in await store.all()] == ["Slack refused to refresh the token: unknown."]
    kept = await store.kept("T0ACME")
    assert kept is not None
    assert await store.claim(kept, who="the next"), "the lease is free again"


@pytest.mark.parametrize(
    "answer",
    [
        {"ok": True, "token_type": "bot"},
        {"ok": True, "token_type": "bot", "access_token": None, "refresh_token": "r", "expires_in": 9},
        {"ok": True, "token_type": "bot", "access_token": "a", "refresh_token": "r", "expires_in": "soon"},
    ],
    ids=["nothing", "no token", "no number"],
)
async def test_an_answer_without_a_new_token_refreshes_nothing(
    answer: dict[str, Any], book: Book, ring: RingSource
) -> None:
    async def give(_: web.Request) -> web.Response:
        return web.json_response(answer)

    app = web.Application()
    app.router.add_post("/api/oauth.v2.access", give)
    store = SqlInstallations(book.database, ring, now=lambda: datetime.now(UTC))
    await store.async_save(installation())
    async with TestServer(app) as server:
        own = app_client(str(server.make_url("/api/")))
        rotator = AsyncTokenRotator(client_id="1.2", client_secret="c", client=own)
        with pytest.raises(NoToken):
            await Tokens(store, rotator, now=lambda: datetime.now(UTC)).token("T0ACME", refused="xoxe.xoxb-1")
    assert [one.trouble for one in await store.all()] == ["Slack's answer held no new token."]


async def test_the_app_itself_is_told_as_by_slack(api_url: str) -> None:
    with pytest.raises(SlackApiError):
        await app_client(api_url).api_call("auth.test")


def installation() -> Installation:
    return Installation(
        app_id="A1",
        team_id="T0ACME",
        team_name="Acme",
        bot_token="xoxe.xoxb-1",
        bot_id="B1",
        bot_user_id="U1",
        bot_scopes="chat:write",
        bot_refresh_token="xoxe-1",
        bot_token_expires_at=int((datetime.now(UTC) + timedelta(hours=1)).timestamp()),
        user_id="U9",
    )
