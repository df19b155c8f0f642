"""Ready is who serves, and whose needed parts answer. Looking is cheap, however often somebody looks."""

from __future__ import annotations

import asyncio
import logging

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from bot.probes import NoAnswer
from bot.telemetry.health import Readiness, Vital
from bot.telemetry.listener import operations_app


class Part:
    """Answers, or not, and knows how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.away: Exception | None = None

    async def ask(self) -> str:
        self.asked += 1
        await asyncio.sleep(0)
        if self.away is not None:
            raise self.away
        return "here"


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def readiness(now: list[float]) -> Readiness:
    return Readiness(clock=lambda: now[0])


async def test_nobody_is_ready_before_it_serves_and_after_it_leaves(readiness: Readiness) -> None:
    assert not (await readiness.look()).ready
    readiness.serving([Vital("sql", Part().ask)])
    assert (await readiness.look()).ready
    readiness.leaving()
    assert not (await readiness.look()).ready


async def test_a_needed_part_that_is_away_is_told_and_its_return_too(readiness: Readiness, now: list[float]) -> None:
    sql, opa = Part(), Part()
    readiness.serving([Vital("sql", sql.ask), Vital("opa", opa.ask)])
    opa.away = NoAnswer("connection refused")
    found = await readiness.look()
    assert (found.ready, found.parts) == (False, {"sql": True, "opa": False})
    now[0], opa.away = 6, None
    assert (await readiness.look()).ready


async def test_work_goes_on_without_a_part_that_may_be_away(readiness: Readiness) -> None:
    redis = Part()
    redis.away = NoAnswer("connection refused")
    readiness.serving([Vital("redis", redis.ask, needed=False)])
    found = await readiness.look()
    assert (found.ready, found.parts) == (True, {"redis": False})


async def test_whatever_a_question_raises_is_no_answer(readiness: Readiness) -> None:
    part = Part()
    part.away = ZeroDivisionError("a defect")
    readiness.serving([Vital("sql", part.ask)])
    assert not (await readiness.look()).ready


async def test_looks_in_the_same_seconds_share_one_question(readiness: Readiness, now: list[float]) -> None:
    part = Part()
    readiness.serving([Vital("sql", part.ask)])
    await asyncio.gather(*(readiness.look() for _ in range(50)))
    assert part.asked == 1
    now[0] = 4.9
    await readiness.look()
    assert part.asked == 1
    now[0] = 5
    await readiness.look()
    assert part.asked == 2


async def test_the_answer_over_http_holds_neither_addresses_nor_reasons(
    readiness: Readiness, caplog: pytest.LogCaptureFixture
) -> None:
    part = Part()
    part.away = RuntimeError("postgresql://gavel:hunter2-hunter2@db:5432 said no")
    readiness.serving([Vital("sql", part.ask)])
    app = operations_app(CollectorRegistry(), readiness, before_scrape=lambda: asyncio.sleep(0))
    with caplog.at_level(logging.WARNING, "gavel.health"):
        async with TestClient(TestServer(app)) as client:
            answer = await client.get("/readyz")
            assert (answer.status, await answer.json()) == (
                503,
                {"ready": False, "parts": {"sql": "does not answer"}},
            )
            assert (await client.get("/healthz")).status == 200
            assert (await client.get("/other")).status == 404
            assert (await client.post("/healthz")).status == 405
            await client.get("/readyz")
    (said,) = [record.getMessage() for record in caplog.records if record.name == "gavel.health"]
    assert "hunter2" not in said
    assert "not ready" in said
