"""What Slack did not sign is turned away and reads as nothing, whatever it is made of."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from time import time

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from slack_sdk.signature import SignatureVerifier

from bot.intake import Intake
from bot.keys import load_keys
from bot.keystore.ring import RingSource
from bot.local.stack import open_stack
from bot.permits.gate import RequestLimits
from bot.permits.opening import Permits
from bot.permits.windows import WindowsHere
from bot.settings import Settings
from bot.telemetry.metrics import Metrics
from bot.telemetry.tracing import NO_TRACING
from bot.tenants.apps import TenantApps
from bot.tenants.leaving import Leaving
from bot.tenants.office import open_tenants
from bot.tenants.reception import Reception
from bot.workflows.client import connect
from bot.workflows.messages import TaskLimits
from tests.unit.ledger.book import Book
from tools.contracts.common import JsonObject

SECRET = "s" * 32
NOW = "now"


class NobodyDecides:
    """Implements `Decides`: nothing here comes as far."""

    async def decide(self, package: str, document: JsonObject, /) -> JsonObject:
        raise AssertionError(package)


@pytest.fixture
async def knock(
    settings: Settings, book: Book, ring: RingSource
) -> AsyncGenerator[TestClient[web.Request, web.Application]]:
    keys = load_keys(settings)
    temporal = await connect(settings.temporal, address="127.0.0.1:9", codec_key=b"k" * 32, lazy=True)
    permits = Permits(NobodyDecides(), WindowsHere(), RequestLimits())
    async with open_stack(settings, want=[]) as stack, open_tenants(settings, keys, database=book.database) as tenants:
        apps = TenantApps(stack, tenants, temporal, permits, None, Metrics(), NO_TRACING)
        intake = Intake(temporal, "nobody", b"k" * 32, TaskLimits(), now=lambda: datetime.now(UTC))
        leaving = Leaving(tenants.store, book.ledger, temporal, intake, apps.forget)
        server = web.Application()
        server.add_routes(Reception(SignatureVerifier(SECRET), apps, leaving).routes())
        async with TestClient(TestServer(server)) as client:
            yield client
        await apps.stop()


@pytest.mark.parametrize(
    ("at", "signature", "body"),
    [("x", "v0=1", b"{}"), (NOW, "v0=1", b"\xff"), (NOW, "v0=é", b"{}"), (NOW, "v0=1", b"{}")],
    ids=["no time", "no UTF-8", "no ASCII", "a wrong one"],
)
async def test_junk_is_turned_away(
    knock: TestClient[web.Request, web.Application], at: str, signature: str, body: bytes
) -> None:
    # Slack's signatures are good for five minutes; these are wrong for what they are.
    at = str(int(time())) if at == NOW else at
    headers = {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": signature}
    async with knock.post("/slack/events", data=body, headers=headers) as answer:
        assert (answer.status, await answer.json()) == (401, {"error": "invalid request"})


async def test_what_is_signed_is_read(knock: TestClient[web.Request, web.Application]) -> None:
    body, at = '{"type": "url_verification", "challenge": "c"}', str(int(time()))
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=at, body=body)
    headers = {
        "X-Slack-Request-Timestamp": at,
        "X-Slack-Signature": str(signature),
        "Content-Type": "application/json",
    }
    async with knock.post("/slack/events", data=body, headers=headers) as answer:
        assert (answer.status, await answer.json()) == (200, {"challenge": "c"})
