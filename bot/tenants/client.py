"""The Web API as a tenant's bot, with whichever token is good now; and as the app itself, for OAuth."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any, Protocol

from aiohttp import encode_basic_auth
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack_api import StrictClient, name_of

ENDED = frozenset({"token_expired", "token_revoked", "invalid_auth", "account_inactive"})
"""What Slack says of a token that another may stand in for: refreshed elsewhere, or installed anew."""


class NoToken(SlackClientError, OSError):
    """There is no token with which to call Slack for this tenant now. The message is for an operator.

    To whoever calls Slack it is as if Slack were away: what waits goes on when there is a token again.
    """


class NotInstalled(SlackClientError):
    """The tenant did not install the app, or removed it: nothing can be said there, and waiting does not help."""


class TokenOf(Protocol):
    """Of one tenant: the token now. `refused`: the one that Slack has just turned down."""

    def __call__(self, *, refused: str | None = None) -> Awaitable[str]: ...


class TenantClient(StrictClient):
    """Asks for the token before each call. One that Slack turned down is called with once more when there is another:
    nothing has been done by then."""

    token_of: TokenOf

    async def api_call(self, api_method: str, **given: Any) -> AsyncSlackResponse:
        """As the SDK's. Raises :class:`NotInstalled` and :class:`NoToken` besides."""

        sdk: Any = super()

        async def call(token: str) -> AsyncSlackResponse:
            self.token = token
            return await sdk.api_call(api_method, **given)

        token = await self.token_of()
        try:
            return await call(token)
        except SlackApiError as error:
            if name_of(error) not in ENDED:
                raise
            other = await self.token_of(refused=token)
            return await call(other)


class AppClient(StrictClient):
    """Without a token: what proves who asks is the app's secret, in the header that Slack recommends."""

    async def api_call(self, api_method: str, **given: Any) -> AsyncSlackResponse:
        """As the SDK's, which still makes the header in a way that aiohttp is giving up."""
        auth: dict[str, Any] | None = given.pop("auth", None)
        if auth is not None:
            proof = encode_basic_auth(str(auth["client_id"]), str(auth["client_secret"]))
            given["headers"] = {**(given.get("headers") or {}), "Authorization": proof}
        sdk: Any = super()
        return await sdk.api_call(api_method, **given)


def like(client: AsyncWebClient, *, timeout: int, retry_handlers: Sequence[AsyncRetryHandler]) -> AsyncWebClient:
    """Another client for the same bot, with a patience of its own (`timeout`, in seconds)."""
    options: dict[str, Any] = {
        "base_url": client.base_url,
        "timeout": timeout,
        "ssl": client.ssl,
        "proxy": client.proxy,
        "session": client.session,
        "trust_env_in_session": client.trust_env_in_session,
        "retry_handlers": [*retry_handlers],
    }
    if not isinstance(client, TenantClient):
        return StrictClient(token=client.token, **options)
    other = TenantClient(**options)
    other.token_of = client.token_of
    return other


def tenant_client(token_of: TokenOf, *, api_url: str, retry_handlers: Sequence[AsyncRetryHandler]) -> TenantClient:
    client = TenantClient(base_url=api_url, retry_handlers=[*retry_handlers])
    client.token_of = token_of
    return client


def app_client(api_url: str) -> AppClient:
    """Nothing is sent again by itself: a code and a refresh token are good once."""
    return AppClient(base_url=api_url, retry_handlers=[])
