"""The clients of tenants, from one place: for what comes in, for tasks, for whoever else speaks in a workspace."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import build_client
from bot.clock import utc_now
from bot.keys import Keys
from bot.keystore.ring import ring_source
from bot.ledger.database import Database
from bot.opening import open_database
from bot.settings import Settings
from bot.telemetry.metrics import Metrics
from bot.tenants.client import app_client, tenant_client
from bot.tenants.rotation import Tokens
from bot.tenants.served import ServedInstallations
from bot.tenants.store import SqlInstallations


@dataclass(frozen=True)
class Tenants:
    """Of one process."""

    store: SqlInstallations
    tokens: Tokens
    api_url: str
    retry_handlers: tuple[AsyncRetryHandler, ...]
    _clients: dict[str, AsyncWebClient] = field(default_factory=dict[str, AsyncWebClient], init=False, repr=False)

    def client(self, org: str) -> AsyncWebClient:
        """Speaks as the tenant's bot, with whichever token is good at each call. Nothing is asked yet.

        Its calls raise `NotInstalled` and `NoToken` besides what the SDK's do.
        """
        if org not in self._clients:
            self._clients[org] = tenant_client(
                partial(self.tokens.token, org), api_url=self.api_url, retry_handlers=self.retry_handlers
            )
        return self._clients[org]


@asynccontextmanager
async def open_tenants(
    settings: Settings, keys: Keys, *, database: Database | None = None, metrics: Metrics | None = None
) -> AsyncGenerator[Tenants]:
    """Over `database`, or one that is migrated and opened here. Raises ValueError where no workspace can install."""
    slack = settings.slack
    if slack.client_id is None or slack.client_secret is None:
        raise ValueError("There is no SLACK_CLIENT_ID and no SLACK_CLIENT_SECRET: no workspace can install the app.")
    async with AsyncExitStack() as exits:
        database = database or await open_database(exits, settings)
        ring = ring_source(settings, keys)
        store = ServedInstallations(database, ring, now=utc_now, teams=slack.install_teams)
        rotator = AsyncTokenRotator(
            client_id=slack.client_id,
            client_secret=slack.client_secret.get_secret_value(),
            client=app_client(slack.api_url),
        )
        template = build_client(
            api_url=slack.api_url, bot_token="", metrics=metrics.slack if metrics is not None else None
        )
        tokens = Tokens(store, rotator, now=utc_now)
        exits.push_async_callback(tokens.finished)
        yield Tenants(
            store,
            tokens,
            api_url=slack.api_url,
            retry_handlers=(*template.retry_handlers,),
        )
