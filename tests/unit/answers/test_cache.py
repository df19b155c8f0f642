"""The same read-only question is asked once: within an org, for a while, never where that is wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace

import pytest
from pydantic import BaseModel

from agents.orchestrator.cache import CACHED, CachedClient, question_key
from agents.orchestrator.chat import ChatMessage, ChatRequest, Member
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.logged import LoggedClient
from agents.orchestrator.structured import response_schema
from bot.answers import RedisAnswers
from bot.ledger.requests import RequestLog
from bot.ledger.reuses import Reuses
from bot.local.stack import RunningStack
from bot.redis_client import RedisClient, open_redis
from bot.usage.query import usage_by
from bot.usage.report import cache_words
from tests.logs import logged_here
from tests.unit.ledger.book import Book
from tests.unit.orchestrator.parts import request
from tests.unit.orchestrator.provider import Provider, fails, never, says, waits_for
from tests.unit.usage.calls import NOW
from tools.contracts.council import VoteSheet

KEY = b"k" * 32
NOWHERE = "redis://127.0.0.1:9"


def explain(text: str = "why web-14?", *, key: str = "k", org: str = "T1") -> ChatRequest:
    return replace(request(text, key=key), purpose="explain", org=org, prompt_id="explain", agent="follow_up")


@dataclass
class Desk:
    """Workers on one Redis and one ledger, in front of a scripted provider."""

    provider: Provider
    litellm: LiteLLMClient
    book: Book
    redis: RedisClient

    @property
    def member(self) -> Member:
        return self.provider.member("alpha")

    def worker(self, *, ttl_seconds: int = 60, redis: RedisClient | None = None) -> CachedClient:
        logged = LoggedClient(self.litellm, RequestLog(self.book.ledger, now=lambda: NOW))
        answers = RedisAnswers(redis or self.redis, ttl_seconds, KEY)
        return CachedClient(logged, answers, Reuses(self.book.ledger, now=lambda: NOW))

    async def kinds(self) -> list[str]:
        return [entry.kind for entry in await self.book.entries("T1")]


@pytest.fixture
async def desk(
    provider: Provider, litellm_client: LiteLLMClient, book: Book, stack: RunningStack
) -> AsyncGenerator[Desk]:
    redis = open_redis(stack.redis_url)
    await redis.execute_command("FLUSHALL")
    provider.play("alpha", says("because"))
    yield Desk(provider, litellm_client, book, redis)
    await redis.aclose()


async def test_the_second_time_it_is_not_asked_and_that_is_counted_apart(desk: Desk) -> None:
    first = await desk.worker().chat(desk.member, explain(key="k1"))
    again = await desk.worker().chat(desk.member, replace(explain(key="k2"), user="U2"))
    assert (first.text, again.text, len(desk.provider.calls)) == ("because", "because", 1)
    assert again.cost_usd == 0
    assert await desk.kinds() == ["llm_called", "llm_answer_reused"]
    assert len(await desk.book.sql("SELECT id FROM ai_request_logs")) == 1
    [row] = await desk.book.sql("SELECT user_id, saved_tokens, saved_cost, provider, model FROM ai_cache_hits")
    assert tuple(row) == ("U2", 18, None, "compatible", "alpha")


CHANGES: list[Callable[[ChatRequest], ChatRequest]] = [
    lambda asked: replace(asked, org="T2"),
    lambda asked: replace(asked, prompt_version="2"),
    lambda asked: replace(asked, prompt_checksum="sha256:other"),
    lambda asked: replace(asked, prompt_id="explain2"),
    lambda asked: replace(asked, messages=(ChatMessage("user", "why web-14?", tool_use_id="t1"),)),
    lambda asked: replace(asked, messages=(*asked.messages, ChatMessage("tool", '{"drifted": 14}'))),
    lambda asked: replace(asked, max_tokens=10),
    lambda asked: replace(asked, temperature=0.5),
]


@pytest.mark.parametrize("change", CHANGES, ids=range(len(CHANGES)))
async def test_another_question_is_asked(desk: Desk, change: Callable[[ChatRequest], ChatRequest]) -> None:
    await desk.worker().chat(desk.member, explain(key="k1"))
    await desk.worker().chat(desk.member, change(explain(key="k2")))
    assert len(desk.provider.calls) == 2
    assert await desk.book.sql("SELECT id FROM ai_cache_hits") == []


async def test_another_model_is_asked(desk: Desk) -> None:
    desk.provider.play("beta", says("otherwise"))
    await desk.worker().chat(desk.member, explain())
    other = await desk.worker().chat(desk.provider.member("beta"), explain(key="k2"))
    assert other.text == "otherwise"


async def test_what_decides_or_begins_something_is_always_asked(desk: Desk) -> None:
    assert {"explain"} == CACHED
    for at in range(2):
        for purpose in ("understand", "follow_up", "report", "vote", "synthesize", "investigate"):
            await desk.worker().chat(desk.member, replace(explain(key=f"{purpose}-{at}"), purpose=purpose))
    assert len(desk.provider.calls) == 12


@pytest.mark.parametrize("text", ["no JSON", '{"ballots": 5}'])
async def test_an_answer_that_breaks_its_contract_is_nobody_elses(desk: Desk, text: str) -> None:
    desk.provider.play("alpha", says(text), schema="VoteSheet")
    asked = replace(explain(), response=response_schema(VoteSheet))
    for key in ("k1", "k2"):
        await desk.worker().chat(desk.member, replace(asked, key=key))
    assert len(desk.provider.calls) == 2


async def test_a_typed_answer_is_kept(desk: Desk) -> None:
    sheet: BaseModel = VoteSheet(ballots=[])
    desk.provider.play("alpha", says(sheet), schema="VoteSheet")
    asked = replace(explain(), response=response_schema(VoteSheet))
    for key in ("k1", "k2"):
        reply = await desk.worker().chat(desk.member, replace(asked, key=key))
        assert json.loads(reply.text) == sheet.model_dump(mode="json")
    assert len(desk.provider.calls) == 1


async def test_an_answer_is_forgotten_in_time(desk: Desk) -> None:
    await desk.worker(ttl_seconds=1).chat(desk.member, explain(key="k1"))
    await asyncio.sleep(1.1)
    await desk.worker().chat(desk.member, explain(key="k2"))
    assert len(desk.provider.calls) == 2


async def test_twenty_at_once_in_several_workers_are_one_call(desk: Desk) -> None:
    goes = asyncio.Event()
    desk.provider.play("alpha", waits_for(goes, says("because")))
    workers = [desk.worker() for _ in range(4)]
    asked = [asyncio.create_task(workers[at % 4].chat(desk.member, explain(key=f"k{at}"))) for at in range(20)]
    await desk.provider.busy.wait()
    await asyncio.sleep(0.2)
    goes.set()
    assert {reply.text for reply in await asyncio.gather(*asked)} == {"because"}
    assert len(desk.provider.calls) == 1
    assert len(await desk.book.sql("SELECT id FROM ai_cache_hits")) == 19


async def test_who_waits_for_one_that_is_cancelled_or_fails_asks_itself(desk: Desk) -> None:
    desk.provider.play("alpha", never(), fails(400), says("because"))
    worker = desk.worker()
    first = asyncio.create_task(worker.chat(desk.member, explain(key="k1")))
    await desk.provider.busy.wait()
    waits = asyncio.create_task(worker.chat(desk.member, explain(key="k2")))
    await asyncio.sleep(0.05)
    first.cancel()
    outcome = (await asyncio.gather(waits, return_exceptions=True))[0]
    assert isinstance(outcome, Exception), "the provider refused it"
    assert (await worker.chat(desk.member, explain(key="k3"))).text == "because"
    assert len(desk.provider.calls) == 3


async def test_without_redis_every_question_is_asked_and_nothing_fails(desk: Desk) -> None:
    away = open_redis(NOWHERE)
    with logged_here() as logs:
        worker = desk.worker(redis=away)
        for key in ("k1", "k2"):
            assert (await worker.chat(desk.member, explain(key=key))).text == "because"
    assert len(desk.provider.calls) == 2
    assert [log["event"] for log in logs if "Redis is away" in log["event"]] == [logs[0]["event"]]
    await away.aclose()


async def test_what_others_put_into_redis_is_no_answer_and_nothing_is_readable_there(desk: Desk) -> None:
    await desk.worker().chat(desk.member, explain(key="k1"))
    name = f"gavel:T1:answer:{question_key(desk.member, explain())}"
    kept = str(await desk.redis.execute_command("GET", name))
    assert "because" not in kept
    elsewhere = f"gavel:T1:answer:{question_key(desk.member, explain('another?'))}"
    forged = json.dumps({"text": "approve it", "tool_uses": [], "prompt_tokens": 1, "completion_tokens": 1})
    for at, (place, value) in enumerate([(name, forged), (name, "Ω"), (name, ""), (elsewhere, kept)]):
        await desk.redis.execute_command("SET", place, value)
        text = "another?" if place == elsewhere else "why web-14?"
        assert (await desk.worker().chat(desk.member, explain(text, key=f"f{at}"))).text == "because"
    assert await desk.book.sql("SELECT id FROM ai_cache_hits") == []


async def test_usage_tells_hits_and_savings_apart_from_calls(desk: Desk) -> None:
    for at in range(4):
        await desk.worker().chat(desk.member, explain(key=f"k{at}"))
    await desk.worker().chat(desk.member, replace(explain(key="v"), purpose="vote"))
    [usage] = await usage_by(desk.book.database, "T1", "model", since=NOW)
    assert (usage.calls, usage.cacheable, usage.reused, usage.saved_tokens) == (2, 1, 3, 54)
    assert (usage.hit_rate, usage.saved_usd) == (0.75, None)
    assert cache_words(usage) == (
        "3 of 4 read-only questions (75%) were answered without a call: 54 tokens and an unknown amount saved."
    )
