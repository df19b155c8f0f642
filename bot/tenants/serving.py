"""The edge for workspaces that install the app: one HTTP server for all of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp.web import Application, AppRunner, TCPSite
from slack_sdk.signature import SignatureVerifier
from temporalio.client import Client

from bot.edge import Connected, build_intake, temporal_client
from bot.local.stack import RunningStack
from bot.opening import open_database, open_ledger
from bot.permits.opening import Permits
from bot.redis_client import open_redis
from bot.starting import needed
from bot.taken import Taken
from bot.telemetry.metrics import Metrics
from bot.telemetry.tracing import Tracing
from bot.tenants.apps import TenantApps
from bot.tenants.client import app_client
from bot.tenants.granting import Granting
from bot.tenants.installing import Installing
from bot.tenants.leaving import Leaving
from bot.tenants.office import open_tenants
from bot.tenants.reception import Reception
from bot.tenants.states import InstallStates
from bot.tenants.webhook import webhook_in_time


@asynccontextmanager
async def serving_tenants(
    stack: RunningStack,
    *,
    permits: Permits,
    taken: Taken | None,
    metrics: Metrics,
    tracing: Tracing,
    temporal: Client | None = None,
) -> AsyncGenerator[Connected]:
    """Take what Slack sends of every tenant, installations too. Tells whether it still can."""
    settings, slack = stack.settings, stack.settings.slack
    if slack.signing_secret is None:
        raise ValueError("There is no SLACK_SIGNING_SECRET: who sends what could not be told, so nothing is started.")
    async with AsyncExitStack() as exits:
        database = await open_database(exits, settings)
        ledger = await open_ledger(exits, settings, stack.keys, database=database)
        tenants = await exits.enter_async_context(
            open_tenants(settings, stack.keys, database=database, metrics=metrics)
        )
        redis = open_redis(stack.redis_url)
        exits.push_async_callback(redis.aclose)
        temporal = temporal or await temporal_client(stack, tracing)
        apps = TenantApps(stack, tenants, temporal, permits, taken, metrics, tracing)
        exits.push_async_callback(apps.stop)
        intake = build_intake(settings, temporal=temporal, keys=stack.keys, taken=taken, metrics=metrics)
        leaving = Leaving(tenants.store, ledger, temporal, intake, apps.forget)
        granting = Granting(slack, app_client(slack.api_url), tenants.store, ledger)
        installing = Installing(slack, InstallStates(redis), granting, apps.forget)
        reception = Reception(SignatureVerifier(slack.signing_secret.get_secret_value()), apps, leaving)
        server = Application()
        server.add_routes([*reception.routes(), *installing.routes()])
        runner = AppRunner(server, access_log=None)
        await runner.setup()
        exits.push_async_callback(runner.cleanup)
        with needed(f"Slack's requests cannot be taken on {slack.host}:{slack.port}"):
            await TCPSite(runner, slack.host, slack.port).start()
        if settings.alerts.webhook:
            await exits.enter_async_context(webhook_in_time(stack, tenants, metrics=metrics))
        yield _listens


async def _listens() -> bool:
    """An HTTP server that runs: whether Slack reaches it cannot be known from here."""
    return True
