"""The alert webhook posts into one workspace: without one there is none, and no other workspace waits for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import aiohttp
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.alerts.names import WEBHOOK_PATH
from bot.local.errors import StackError
from bot.local.stack import RunningStack, open_stack
from bot.settings import Settings
from bot.settings_alerts import AlertSettings
from bot.telemetry.metrics import Metrics
from bot.tenants.office import Tenants, open_tenants
from bot.tenants.webhook import webhook_in_time
from tests.unit.local_slack.harness import Slack, until
from tests.unit.policies.opa_server import NOBODYS_PORT, free_port
from tests.unit.tenants.distributed import HOME, REDIRECT, SCOPES, allowed, exchanged, installation_of


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.tenants.webhook.FIRST_SECONDS", 0.05)
    monkeypatch.setattr("bot.tenants.webhook.MOST_SECONDS", 0.2)


@pytest.fixture
async def stack(settings: Settings) -> AsyncGenerator[RunningStack]:
    alerts = AlertSettings.model_construct(webhook_token=SecretStr("t" * 16), webhook_port=free_port())
    nowhere = settings.temporal.model_copy(update={"address": f"127.0.0.1:{NOBODYS_PORT}"})
    wanted = settings.model_copy(
        update={"alerts": alerts, "org": HOME, "secret_key": SecretStr("ab" * 32), "temporal": nowhere}
    )
    async with open_stack(wanted, want=[]) as stack:
        yield stack


async def status(stack: RunningStack) -> int:
    """What the webhook answers somebody without its secret. 0: it is not open."""
    url = f"http://127.0.0.1:{stack.settings.alerts.webhook_port}{WEBHOOK_PATH}"
    try:
        async with aiohttp.ClientSession() as http, http.post(url, data=b"{}") as response:
            return response.status
    except aiohttp.ClientConnectorError:
        return 0


async def opens(stack: RunningStack) -> None:
    async def is_open() -> bool:
        return await status(stack) == 401

    await until(is_open)


async def install(slack: Slack, tenants: Tenants) -> None:
    code = await allowed(slack, HOME, scope=f"{SCOPES},channels:read,groups:read")
    granted = await exchanged(slack, code=code, redirect_uri=REDIRECT)
    await tenants.store.async_save(installation_of(granted))


async def test_it_opens_when_the_workspace_has_installed_the_app(slack: Slack, stack: RunningStack) -> None:
    with capture_logs() as logs:
        async with open_tenants(stack.settings, stack.keys) as tenants:
            async with webhook_in_time(stack, tenants, metrics=Metrics()):
                await until(lambda: any(line["event"].startswith("The alert webhook") for line in logs))
                assert await status(stack) == 0
                await install(slack, tenants)
                await opens(stack)
            assert await status(stack) == 0
    # Of all that is logged in this process, by what other tests left too.
    warned = [line["event"] for line in logs if line["event"].startswith("The alert webhook")]
    assert warned == [
        f"The alert webhook is not open yet, and is tried again: workspace {HOME} has not installed the app."
    ]


async def test_what_is_sealed_under_another_key_keeps_it_closed_and_is_told(slack: Slack, stack: RunningStack) -> None:
    async with open_tenants(stack.settings, stack.keys) as tenants:
        await install(slack, tenants)
    rekeyed = stack.settings.model_copy(update={"secret_key": SecretStr("cd" * 32)})
    with capture_logs() as logs:
        async with (
            open_stack(rekeyed, want=[]) as other,
            open_tenants(other.settings, other.keys) as tenants,
            webhook_in_time(other, tenants, metrics=Metrics()),
        ):
            await until(lambda: any("sealed under master key" in line["event"] for line in logs))
            assert await status(other) == 0


async def test_nobody_waits_for_a_workspace_whose_slack_does_not_answer(slack: Slack, stack: RunningStack) -> None:
    with capture_logs() as logs:
        async with open_tenants(stack.settings, stack.keys) as tenants:
            await install(slack, tenants)
            await slack.act("faults", errors_seconds=3600)
            async with webhook_in_time(stack, tenants, metrics=Metrics()):
                await until(lambda: any("Slack did not list its channels" in line["event"] for line in logs))
                await slack.act("faults", errors_seconds=0)
                await opens(stack)


async def test_without_a_workspace_that_is_named_nothing_starts(stack: RunningStack) -> None:
    unnamed = stack.settings.model_copy(update={"org": None})
    async with open_stack(unnamed, want=[]) as nobodys, open_tenants(unnamed, nobodys.keys) as tenants:
        with pytest.raises(StackError, match="GAVEL_ORG is not"):
            async with webhook_in_time(nobodys, tenants, metrics=Metrics()):
                pass
