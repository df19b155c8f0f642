"""The app installed for all of an enterprise: one tenant, whichever of its workspaces something comes from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from slack_sdk.signature import SignatureVerifier
from temporalio.client import Client
from temporalio.service import RPCError

from bot.blocks import ask
from bot.channels import by_id
from bot.intake import Intake
from bot.keys import load_keys
from bot.keystore.ring import RingSource
from bot.local.slack.outbox import Patience
from bot.local.slack.seed import GRID_ID, OTHERS, PEOPLE, SECOND_TEAM, grid
from bot.local.stack import open_stack
from bot.permits import words
from bot.permits.gate import RequestLimits
from bot.permits.opening import Permits
from bot.permits.windows import WindowsHere
from bot.settings import RoleSettings, Settings
from bot.settings_slack import SlackSettings
from bot.telemetry.metrics import Metrics
from bot.telemetry.tracing import NO_TRACING
from bot.tenants.apps import TenantApps
from bot.tenants.client import app_client
from bot.tenants.granting import Granting
from bot.tenants.leaving import Leaving
from bot.tenants.office import open_tenants
from bot.tenants.reception import Reception
from bot.workflows.messages import TaskLimits, TaskRequest
from tests.unit.ledger.book import Book
from tests.unit.listeners.desk import SHIPPED
from tests.unit.local_slack.harness import OPS, Slack, running, until
from tests.unit.tenants.distributed import CLIENT_ID, CLIENT_SECRET, REDIRECT, allowed
from tests.unit.workflows.conftest import temporal
from tools.contracts.common import JsonObject
from tools.contracts.signing import is_authentic

__all__ = ["temporal"]

ADA, WILMA = PEOPLE[0], OTHERS[0]
THERE = "C0OPS00002"
DRIFT = "@gavel production web servers have drifted, fix it"


@dataclass(frozen=True)
class Grid:
    slack: Slack
    temporal: Client
    book: Book
    granting: Granting
    key: bytes

    async def act(self, what: str, *, there: bool = False, **body: object) -> JsonObject:
        """`there`: in the enterprise's second workspace."""
        base = f"{self.slack.base}/team/{SECOND_TEAM.id}" if there else self.slack.base
        async with self.slack.session.post(f"{base}/local/{what}", json=body) as response:
            answer: JsonObject = await response.json()
        assert answer["ok"], answer
        return answer

    async def told(self, user: str, channel: str, *, there: bool = False) -> list[str]:
        """What only they see."""
        base = f"{self.slack.base}/team/{SECOND_TEAM.id}" if there else self.slack.base
        query = {"channel": channel, "viewer": user}
        async with self.slack.session.get(f"{base}/local/channel", params=query) as response:
            messages: list[JsonObject] = (await response.json())["messages"]
        return [each["text"] for each in messages if each["ephemeral"]]

    async def begun(self, task: str) -> TaskRequest:
        """The request of a task, once there is one; the task is ended."""
        handle = self.temporal.get_workflow_handle(task)
        for _ in range(400):
            try:
                history = await handle.fetch_history()
            except RPCError:
                await asyncio.sleep(0.05)
                continue
            started = history.events[0].workflow_execution_started_event_attributes
            [request] = await self.temporal.data_converter.decode(list(started.input.payloads), [TaskRequest])
            await handle.terminate()
            return request
        raise AssertionError(f"{task} was not begun")


@pytest.fixture
async def slack(tmp_path: Path) -> AsyncGenerator[Slack]:
    """Two workspaces of one enterprise; the app is installed in neither yet."""
    async with running(tmp_path / "slack", second=True, teams=grid(), patience=Patience()) as workspace:
        settings = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_urls": [REDIRECT]}
        assert (await workspace.act("distribution", **settings, token_rotation=True))["ok"]
        yield workspace


@pytest.fixture
def settings(slack: Slack, tmp_path: Path) -> Settings:
    """Roles are listed, as `docs/multi-workspace.md` has it for an enterprise. Alert channels are as shipped."""
    access = SlackSettings.model_construct(
        api_url=f"{slack.base}/api/",
        mode="http",
        client_id=CLIENT_ID,
        client_secret=SecretStr(CLIENT_SECRET),
        redirect_url=REDIRECT,
        signing_secret=SecretStr(slack.workspace.credentials.signing_secret),
        install_teams=[GRID_ID],
    )
    roles = RoleSettings(operator=[ADA.id, WILMA.id])
    update = {"slack": access, "org": GRID_ID, "roles": roles}
    return Settings.embedded(data_dir=tmp_path).model_copy(update=update)


@pytest.fixture
async def there(
    slack: Slack,
    settings: Settings,
    book: Book,
    ring: RingSource,
    temporal: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Grid]:
    monkeypatch.setattr("bot.permits.strangers.HOME_SECONDS", 20)
    keys = load_keys(settings)
    permits = Permits(SHIPPED, WindowsHere(), RequestLimits())
    async with (
        open_stack(settings, want=["redis"]) as stack,
        open_tenants(settings, keys, database=book.database) as tenants,
    ):
        apps = TenantApps(stack, tenants, temporal, permits, None, Metrics(), NO_TRACING)
        key = keys.derive("decision")
        intake = Intake(temporal, "nobody", key, TaskLimits(), now=lambda: datetime.now(UTC))
        leaving = Leaving(tenants.store, book.ledger, temporal, intake, apps.forget)
        granting = Granting(settings.slack, app_client(settings.slack.api_url), tenants.store, book.ledger)
        verifier = SignatureVerifier(slack.workspace.credentials.signing_secret)
        server = web.Application()
        server.add_routes(Reception(verifier, apps, leaving).routes())
        async with TestServer(server) as door:
            found = Grid(slack, temporal, book, granting, key)
            await found.act("delivery", url=str(door.make_url("/slack/events")))
            yield found
        await apps.stop()


async def test_it_is_one_tenant_whichever_workspace_they_ask_in(there: Grid) -> None:
    installation = await there.granting.install(await allowed(there.slack, GRID_ID))
    assert (installation.enterprise_id, installation.team_id, installation.is_enterprise_install) == (
        GRID_ID,
        None,
        True,
    )
    [entry] = await there.book.ledger.show(GRID_ID, kind="workspace_installed")
    assert entry.actor == ADA.id
    for user, channel, second in ((ADA, OPS, False), (WILMA, THERE, True)):
        said = await there.act("say", there=second, user=user.name, channel="ops", text=DRIFT)
        request = await there.begun(f"{GRID_ID}.{channel}.{said['ts']}")
        assert (request.org, request.user, request.channel) == (GRID_ID, user.id, channel)
        assert is_authentic(request, there.key)
        # By a command, too, and answered where it was typed.
        answer = await there.act("command", there=second, user=user.name, channel="ops", text="help")
        assert answer["acked"]
        assert any("ask" in text for text in await there.told(user.name, channel, there=second))


async def test_at_home_are_the_people_of_its_workspaces_and_nobody_else(there: Grid) -> None:
    await there.granting.install(await allowed(there.slack, GRID_ID))
    # In a channel of the second workspace that is shared: one of the first, and one of another organisation.
    await there.act(
        "visit", there=True, channel="ops", id="U0NEAR0001", name="near", team=there.slack.workspace.team.id
    )
    await there.act("visit", there=True, channel="ops", id="U0FAR00001", name="far", team="T0OTHERS01")
    said = await there.act("say", there=True, user="near", channel="ops", text=DRIFT)
    assert (await there.begun(f"{GRID_ID}.{THERE}.{said['ts']}")).user == "U0NEAR0001"
    await there.act("say", there=True, user="far", channel="ops", text=DRIFT)
    await until(lambda: _is_told(there))
    assert await there.told("near", "ops", there=True) == []


async def _is_told(there: Grid) -> bool:
    return await there.told("far", "ops", there=True) == [words.STRANGER]


async def test_a_form_opens_in_the_workspace_where_it_was_asked_for_and_starts_a_task_there(there: Grid) -> None:
    await there.granting.install(await allowed(there.slack, GRID_ID))
    await there.act("command", there=True, user="wilma", channel="ops", text="ask")
    base = f"{there.slack.base}/team/{SECOND_TEAM.id}"
    async with there.slack.session.get(f"{base}/local/state", params={"viewer": "wilma"}) as response:
        view: JsonObject = (await response.json())["view"]
    values = {ask.REQUEST_BLOCK: {ask.REQUEST_INPUT: "web servers have drifted"}}
    await there.act("submit_view", there=True, user="wilma", view_id=view["id"], values=values)
    request = await there.begun(f"{GRID_ID}.{THERE}.{view['id']}")
    assert (request.org, request.user) == (GRID_ID, WILMA.id)


def test_an_enterprises_channels_are_those_that_are_named_by_id() -> None:
    assert by_id(["alerts", "#ops", "C0ALERTS01", "#G0PRIVATE1"]) == ["C0ALERTS01", "#G0PRIVATE1"]
