"""Files go into the thread once, by Slack's three steps, and nowhere but to Slack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.local.slack.seed import BOT_ID, TEAM_ID
from bot.pacing import Pacer
from bot.papers import claiming
from bot.papers.claiming import BeingPosted, Claims
from bot.papers.desk import NOT_ALLOWED, NOT_POSTED, PERHAPS, why_not
from bot.papers.paper import Paper
from bot.papers.posting import PaperPoster, PerhapsPosted
from bot.redis_client import RedisClient, open_redis
from bot.slack_web import SlackRefused, SlackRetryable
from bot.thread import ThreadRef, ThreadWriter
from tests.unit.narrator.workspace import Slack
from tools.contracts.common import JsonObject

PAPERS = [
    Paper.of("plan-r1", "yaml", title="Plan", text="phases: []\n"),
    Paper.of("evidence", "csv", title="Evidence", text="x" * 2_000_000),
]
NOWHERE = "redis://127.0.0.1:9"


@dataclass
class Room:
    """Bot processes that post into one workspace."""

    slack: Slack
    redis: RedisClient

    @property
    def claims(self) -> Claims:
        return Claims(self.redis)

    async def post(self, thread: ThreadRef, papers: list[Paper], claims: Claims | None = None) -> int:
        return await PaperPoster(self.slack.writer(), self.slack.address, claims or self.claims).post(
            thread, papers, said="files"
        )

    async def files(self, thread: ThreadRef) -> list[list[str]]:
        return [
            [file["name"] for file in message["files"]]
            for message in await self.slack.replies(thread)
            if message["files"]
        ]

    async def settled(self, thread: ThreadRef) -> None:
        """The seconds after a posting are over."""
        await self.redis.execute_command("DEL", f"gavel:{thread.team}:files:{thread.channel}:{thread.thread_ts}")


@pytest.fixture
def room(slack: Slack, redis: RedisClient) -> Room:
    return Room(slack, redis)


async def test_all_files_come_in_one_message_and_the_same_ones_never_again(room: Room) -> None:
    thread = await room.slack.thread()
    assert await room.post(thread, PAPERS) == 2
    await room.settled(thread)
    assert await room.post(thread, PAPERS) == 0
    assert await room.files(thread) == [[one.name for one in PAPERS]]
    more = [*PAPERS, Paper.of("plan-r2", "yaml", title="Plan", text="phases: [1]\n")]
    assert await room.post(thread, more) == 1
    assert await room.files(thread) == [[one.name for one in PAPERS], [more[-1].name]]
    (message, _) = await room.slack.replies(thread)
    async with room.slack.http.get(f"{room.slack.address}/local/file/{message['files'][0]['id']}") as response:
        assert await response.read() == PAPERS[0].data


@pytest.mark.parametrize("step", ["files.getUploadURLExternal", "upload"])
async def test_where_a_step_fails_nothing_is_shown_and_it_can_be_asked_again_at_once(room: Room, step: str) -> None:
    thread = await room.slack.thread()
    await room.slack.faults(fail_next=1, methods=[step])
    with pytest.raises(SlackRetryable) as failed:
        await room.post(thread, PAPERS)
    assert why_not(failed.value) == NOT_POSTED
    assert await room.files(thread) == []
    assert await room.post(thread, PAPERS) == 2


async def test_a_lost_answer_to_the_last_step_is_not_posted_twice(room: Room) -> None:
    thread = await room.slack.thread()
    await room.slack.faults(lose_next_answers=1, methods=["files.completeUploadExternal"])
    assert await room.post(thread, PAPERS) == 2
    await room.settled(thread)
    assert await room.post(thread, PAPERS) == 0
    assert len(await room.files(thread)) == 1


async def test_where_nobody_knows_whether_the_last_step_was_taken_nothing_else_is_said(room: Room) -> None:
    thread = await room.slack.thread()
    await room.slack.faults(fail_next=1, methods=["files.completeUploadExternal"])
    with pytest.raises(PerhapsPosted) as lost:
        await room.post(thread, PAPERS)
    assert why_not(lost.value) == PERHAPS
    with pytest.raises(BeingPosted):  # it may be there in a moment
        await room.post(thread, PAPERS)
    await room.settled(thread)
    assert await room.post(thread, PAPERS) == 2


async def test_a_429_for_the_last_step_is_certain_and_can_be_asked_again_at_once(room: Room) -> None:
    thread = await room.slack.thread()
    await room.slack.faults(rate_limited_seconds=0.5, methods=["files.completeUploadExternal"])
    with pytest.raises(SlackRetryable) as failed:
        await room.post(thread, PAPERS)
    assert why_not(failed.value) == NOT_POSTED
    await asyncio.sleep(0.5)
    assert await room.post(thread, PAPERS) == 2


async def test_without_the_scope_it_is_said_who_can_help() -> None:
    assert why_not(SlackRefused("missing_scope")) == NOT_ALLOWED
    assert why_not(SlackRefused("channel_not_found")) == NOT_POSTED


async def test_of_two_bots_that_are_asked_at_once_one_posts(room: Room) -> None:
    thread = await room.slack.thread()
    came = await asyncio.gather(*(room.post(thread, PAPERS) for _ in range(4)), return_exceptions=True)
    assert [one for one in came if not isinstance(one, BeingPosted)] == [2]
    assert await room.files(thread) == [[one.name for one in PAPERS]]
    with pytest.raises(BeingPosted):  # Slack shows what it took a moment later
        await room.post(thread, PAPERS)
    assert await room.post(await room.slack.thread(), PAPERS) == 2


async def test_whose_claim_ran_out_does_not_give_anothers_back(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    thread = await room.slack.thread()
    monkeypatch.setattr(claiming, "HOLD_SECONDS", 1)
    async with room.claims.held(thread):
        await asyncio.sleep(1.2)
        monkeypatch.setattr(claiming, "HOLD_SECONDS", 60)
        another = room.claims.held(thread)
        await another.__aenter__()
    with pytest.raises(BeingPosted):
        async with room.claims.held(thread):
            pass
    await another.__aexit__(None, None, None)


async def test_without_redis_they_are_posted_all_the_same(room: Room) -> None:
    thread = await room.slack.thread()
    away = open_redis(NOWHERE)
    assert await room.post(thread, PAPERS, Claims(away)) == 2
    assert await room.post(thread, PAPERS, Claims(away)) == 0
    await away.aclose()


async def test_an_upload_address_elsewhere_gets_nothing(room: Room) -> None:
    thread = await room.slack.thread()
    with pytest.raises(SlackRefused, match="another host"):
        await PaperPoster(room.slack.writer(), "https://files.slack.com", room.claims).post(thread, PAPERS, said="2")
    assert await room.files(thread) == []


@dataclass
class Redirecting:
    """A workspace whose file host sends uploads on to another host."""

    address: str = ""
    elsewhere: str = ""
    got: list[str] = field(default_factory=list[str])

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.got.append(request.path)
        if request.path == "/upload":
            raise web.HTTPTemporaryRedirect(f"{self.elsewhere}/stolen")
        answer: JsonObject = {"ok": True, "upload_url": f"{self.address}/upload", "file_id": "F1", "messages": []}
        return web.json_response(answer)


@pytest.fixture
async def redirecting() -> AsyncGenerator[Redirecting]:
    made, runners = Redirecting(), list[web.AppRunner]()
    for _ in range(2):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", made.handle)
        runners.append(web.AppRunner(app, shutdown_timeout=0.1))
        await runners[-1].setup()
        await web.TCPSite(runners[-1], "127.0.0.1", 0).start()
    made.address, made.elsewhere = (f"http://127.0.0.1:{runner.addresses[0][1]}" for runner in runners)
    yield made
    for runner in runners:
        await runner.cleanup()


async def test_an_upload_is_not_sent_on_to_where_a_redirect_points(
    redirecting: Redirecting, redis: RedisClient
) -> None:
    client = AsyncWebClient(token="xoxb-1", base_url=f"{redirecting.address}/api/")
    writer = ThreadWriter(client, bot_id=BOT_ID, pacer=Pacer(channel_rate=None))
    thread = ThreadRef(team=TEAM_ID, channel="C1", thread_ts="1.0")
    with pytest.raises(SlackRefused, match="307"):
        await PaperPoster(writer, redirecting.address, Claims(redis)).post(thread, PAPERS, said="2 files")
    assert redirecting.got == ["/api/conversations.replies", "/api/files.getUploadURLExternal", "/upload"]
