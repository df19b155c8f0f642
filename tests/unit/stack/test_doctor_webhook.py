"""`gavel doctor` says whether alerts can come by the webhook, where it listens, and what opens it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import IPv4Address

import pytest
from aiohttp import web
from temporalio.client import Client

from bot.alerts.door import AlertDoor
from bot.alerts.webhook import Webhook, accepted_headers, listening_for_alerts
from bot.doctor import examine
from bot.doctor_webhook import webhook_finding
from bot.finding import Finding
from bot.settings import Settings, TemporalSettings
from bot.settings_alerts import AlertSettings
from bot.workflows.client import connect
from bot.workflows.messages import TaskLimits
from bot.workflows.messages.alerts import TriageRules

TOKEN = "correct-horse-battery"
EVERYWHERE = str(IPv4Address(0))


def alerts(port: int, **more: str) -> AlertSettings:
    return AlertSettings.model_validate({"webhook_token": TOKEN, "webhook_port": port, **more})


@asynccontextmanager
async def listening() -> AsyncGenerator[int]:
    away: Client = await connect(TemporalSettings(), address="127.0.0.1:9", codec_key=b"k" * 32, lazy=True)
    door = AlertDoor(away, "nobody", b"k" * 32, TriageRules(TaskLimits()), lambda: datetime.now(UTC))
    accepted = accepted_headers(token=TOKEN, user="alertmanager", password=None)
    webhook = Webhook(door, "T0", "C0", accepted)
    async with listening_for_alerts(webhook, host="127.0.0.1", port=0) as port:
        yield port


async def test_without_a_secret_it_says_that_there_is_none(settings: Settings) -> None:
    [found] = [finding for finding in await examine(settings) if finding.component == "webhook"]
    assert (found.state, found.tried) == ("not running", "not configured")
    assert "GAVEL_ALERTS_WEBHOOK_TOKEN" in found.advice


async def test_one_that_listens_is_asked_and_no_secret_is_shown() -> None:
    async with listening() as port:
        found = await webhook_finding(alerts(port, webhook_password=f"{TOKEN}-2"), running=True)
    assert found == Finding(
        "webhook",
        "ok",
        f"http://127.0.0.1:{port}/alerts/alertmanager (bearer token set, password of alertmanager set)",
        "listens, and turns away who has no secret; into alerts",
    )


async def test_one_that_listens_beyond_this_machine_wants_tls() -> None:
    async with listening() as port:
        found = await webhook_finding(alerts(port, webhook_host=EVERYWHERE), running=True)
    assert (found.state, found.tried.split("/alerts")[0]) == ("ok", f"http://{EVERYWHERE}:{port}")
    assert "TLS" in found.advice


@pytest.mark.parametrize(("running", "state"), [(True, "failed"), (False, "not running")])
async def test_one_that_does_not_answer_is_wrong_only_where_gavel_runs(running: bool, state: str) -> None:
    async with listening() as port:
        pass
    found = await webhook_finding(alerts(port), running=running)
    assert found.state == state
    assert TOKEN not in repr(found)


async def test_what_takes_anything_is_not_the_webhook() -> None:
    async def yes(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_post("/{any:.*}", yes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        found = await webhook_finding(alerts(int(runner.addresses[0][1])), running=True)
    finally:
        await runner.cleanup()
    assert (found.state, found.answered[:15]) == ("failed", "HTTP status 200")


async def test_a_port_of_any_number_is_told_in_the_log() -> None:
    found = await webhook_finding(alerts(0), running=True)
    assert (found.state, found.answered) == ("ok", "on any free port, told in the log; into alerts")
