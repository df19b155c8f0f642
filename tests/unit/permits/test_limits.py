"""How often somebody may ask: exact under a rush, one window for all bots, and never in the way because of Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest
from temporalio.client import Client

from bot.local.stack import open_stack
from bot.permits.gate import Gate, RequestLimits, RolesOnce
from bot.permits.opening import limits_of
from bot.permits.windows import Bound, Windows, WindowsHere, WindowsShared, windows_at
from bot.permits.wishes import Request
from bot.redis_client import open_redis
from bot.roles import ListedRoles
from bot.settings import Settings
from tests.logs import logged_here
from tests.unit.listeners.desk import SHIPPED, Desk, open_desk
from tests.unit.local_slack.harness import OPS, Slack, until
from tests.unit.permits.bodies import ADA, TEAM, happened, sent
from tests.unit.policies.opa_server import NOBODYS_PORT

PERSON, CHANNEL = Bound("person", "U1", 3), Bound("channel", "C1", 5)


@pytest.fixture(scope="module")
async def redis_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[str]:
    settings = Settings.embedded(data_dir=tmp_path_factory.mktemp("redis"))
    async with open_stack(settings, want=["redis"]) as stack:
        yield stack.redis_url


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a Redis that is there may take longer to say so than a person should wait."""
    monkeypatch.setattr("bot.redis_client.PATIENCE_SECONDS", 20)


@pytest.fixture(params=["here", "redis"])
async def windows(request: pytest.FixtureRequest, redis_url: str, patient: None) -> AsyncGenerator[Windows]:
    if request.param == "here":
        yield WindowsHere()
        return
    redis = open_redis(redis_url)
    await redis.execute_command("FLUSHALL")
    yield WindowsShared(redis)
    await redis.aclose()


async def test_as_many_as_the_limit_and_then_when_to_come_again(windows: Windows) -> None:
    for number in range(3):
        assert await windows.take("T1", [PERSON], unique=str(number), window_seconds=60) is None
    full = await windows.take("T1", [PERSON], unique="3", window_seconds=60)
    assert full is not None
    assert full.bound == PERSON
    assert 58 < full.wait_seconds <= 60


async def test_what_is_delivered_again_counts_once_and_is_let_through(windows: Windows) -> None:
    for unique in ("a", "a", "b", "a", "c", "c", "a"):
        assert await windows.take("T1", [PERSON], unique=unique, window_seconds=60) is None
    assert await windows.take("T1", [PERSON], unique="d", window_seconds=60) is not None


async def test_the_window_moves_on(windows: Windows) -> None:
    for number in range(3):
        await windows.take("T1", [PERSON], unique=str(number), window_seconds=1)
    full = await windows.take("T1", [PERSON], unique="3", window_seconds=1)
    assert full is not None
    await asyncio.sleep(full.wait_seconds + 0.05)
    assert await windows.take("T1", [PERSON], unique="3", window_seconds=1) is None


async def test_what_one_bound_refuses_counts_against_no_other(windows: Windows) -> None:
    for number in range(3):
        assert await windows.take("T1", [PERSON, CHANNEL], unique=f"a{number}", window_seconds=60) is None
    for number in range(10):
        refused = await windows.take("T1", [PERSON, CHANNEL], unique=f"b{number}", window_seconds=60)
        assert refused is not None
    others = [Bound("person", "U2", 3), CHANNEL]
    assert await windows.take("T1", others, unique="c0", window_seconds=60) is None
    assert await windows.take("T1", others, unique="c1", window_seconds=60) is None
    full = await windows.take("T1", others, unique="c2", window_seconds=60)
    assert full is not None
    assert full.bound == CHANNEL


async def test_of_fifty_at_once_exactly_as_many_get_in(windows: Windows) -> None:
    asked = (windows.take("T1", [PERSON, CHANNEL], unique=str(number), window_seconds=60) for number in range(50))
    assert sum(full is None for full in await asyncio.gather(*asked)) == 3


async def test_an_org_a_person_and_a_channel_have_windows_of_their_own(windows: Windows) -> None:
    for bound in (PERSON, Bound("person", "U2", 3), Bound("channel", "U1", 3)):
        for org in ("T1", "T2"):
            for number in range(3):
                assert await windows.take(org, [bound], unique=str(number), window_seconds=60) is None


@pytest.mark.usefixtures("patient")
async def test_two_bots_share_one_window(redis_url: str) -> None:
    async with windows_at(redis_url) as one, windows_at(redis_url) as other:
        taken = [
            await (one, other)[number % 2].take("T9", [PERSON], unique=str(number), window_seconds=60)
            for number in range(6)
        ]
    assert [full is None for full in taken] == [True] * 3 + [False] * 3


async def test_without_redis_each_bot_counts_for_itself_and_says_so_once() -> None:
    async with windows_at(f"redis://127.0.0.1:{NOBODYS_PORT}") as windows:
        with logged_here() as logged:
            taken = [await windows.take("T1", [PERSON], unique=str(number), window_seconds=60) for number in range(6)]
    assert [full is None for full in taken] == [True] * 3 + [False] * 3
    assert [line["event"] for line in logged] == ["Requests are counted by each bot for itself: Redis does not answer."]


@dataclass
class Gatherer:
    gate: Gate
    number: int = 0

    async def ask(self, *, user: str = ADA, channel: str = "C1", command: str = "ask") -> str | None:
        self.number += 1
        return await self.gate.refusal(
            Request(user, command, "event", channel=channel, unique=str(self.number)), org=TEAM
        )


def gatherer(limits: RequestLimits) -> Gatherer:
    return Gatherer(Gate(SHIPPED, RolesOnce(ListedRoles({})), limits))


async def test_who_asks_too_often_is_told_when_to_ask_again() -> None:
    asking = gatherer(RequestLimits(person=2))
    assert [await asking.ask(), await asking.ask()] == [None, None]
    assert await asking.ask() == (
        "You have asked me 2 times within 60 seconds, which is as often as I take it. "
        "Nothing was started. Ask again in 60 seconds."
    )
    assert await asking.ask(user="U2") is None


async def test_a_channel_has_a_limit_of_its_own() -> None:
    asking = gatherer(RequestLimits(channel=2, window_seconds=300))
    assert [await asking.ask(user=f"U{number}") for number in range(2)] == [None, None]
    said = await asking.ask(user="U9")
    assert said is not None
    assert said.startswith("I have been asked 2 times in this channel within 5 minutes")
    assert await asking.ask(user="U9", channel="C2") is None


async def test_only_requests_count() -> None:
    """Whoever asked too often can still approve, stop and answer."""
    asking = gatherer(RequestLimits(person=1))
    for command in ("approve", "cancel", "answer", "ask.form", "home") * 5:
        assert await asking.ask(command=command) is None
    assert await asking.ask() is None
    assert await asking.ask() is not None


async def test_what_is_refused_by_the_policies_does_not_count() -> None:
    asking = gatherer(RequestLimits(channel=1))
    for _ in range(3):
        assert "it is not known who asks" in str(await asking.ask(user=""))
    assert await asking.ask() is None


def test_limits_are_on_as_shipped_and_nought_takes_one_away(tmp_path: Path) -> None:
    settings = Settings.embedded(data_dir=tmp_path)
    shipped = limits_of(settings)
    assert (shipped.person, shipped.channel, shipped.window_seconds) == (30, 120, 60)
    free = settings.model_copy(
        update={"limits": settings.limits.model_copy(update={"person_requests": 0, "channel_requests": 0})}
    )
    assert limits_of(free).bounds(Request(ADA, "ask", "event", channel="C1")) == []


async def test_in_slack_it_is_said_to_the_one_who_asked_and_only_to_them(slack: Slack, temporal: Client) -> None:
    async def seen(desk: Desk, viewer: str) -> list[str]:
        messages = (await desk.slack.look("channel", channel=OPS, viewer=viewer))["messages"]
        return [message["text"] for message in messages if "as often as I take it" in message["text"]]

    async with open_desk(slack, temporal, limits=RequestLimits(person=1)) as desk:
        await desk.slack.act("command", user="ada", channel=OPS, text="ask fix the drift")
        assert await seen(desk, "ada") == []
        await desk.slack.act("command", user="ada", channel=OPS, text="ask fix it again")
        assert len(await seen(desk, "ada")) == 1
        form = await desk.send(sent("gavel.ask", view_id="V77", metadata=OPS))
        assert "as often as I take it" in form["errors"]["field"]
        assert await desk.send(happened("app_mention", channel=OPS, ts="9.9")) == {}

        async def told() -> bool:
            return len(await seen(desk, "ada")) == 2

        await until(told)
        assert await seen(desk, "grace") == []
