"""What was handed over lately, in Redis: Slack's redeliveries of it need not go to Temporal once more.

Only successes are remembered, so that a redelivery of what failed is not dropped. A memory that may be lost: without
Redis everything goes to Temporal, whose id policy lets nothing run twice.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from bot.redis_client import RedisAway, RedisClient, SparedRedis, open_redis

WINDOW_SECONDS = 15 * 60
"""Slack gives up redelivering an event after about six minutes."""


class Taken(Protocol):
    """Neither method fails, or takes longer than :data:`bot.redis_client.PATIENCE_SECONDS`."""

    async def has(self, org: str, task_id: str) -> bool:
        """Whether it certainly was handed over. False: it was not, or nobody remembers."""
        ...

    async def add(self, org: str, task_id: str) -> None:
        """It is durable now."""
        ...


class NothingTaken:
    """No memory at all."""

    async def has(self, org: str, task_id: str) -> bool:
        return False

    async def add(self, org: str, task_id: str) -> None:
        return


class TakenLately:
    """Shared by every bot process on this Redis."""

    def __init__(self, redis: RedisClient, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = SparedRedis(
            redis,
            "gavel.intake",
            away="Redis is away. Requests are taken in without it; Temporal alone sees to it that none runs twice.",
            clock=clock,
        )

    async def has(self, org: str, task_id: str) -> bool:
        try:
            return await self._redis.ask("EXISTS", _key(org, task_id)) == 1
        except RedisAway:
            return False

    async def add(self, org: str, task_id: str) -> None:
        with suppress(RedisAway):
            await self._redis.ask("SET", _key(org, task_id), "1", "EX", WINDOW_SECONDS)


@asynccontextmanager
async def taken_lately(url: str) -> AsyncGenerator[Taken]:
    """On the Redis at `url`, which need not be there."""
    redis = open_redis(url)
    try:
        yield TakenLately(redis)
    finally:
        await redis.aclose()


def _key(org: str, task_id: str) -> str:
    return f"gavel:{org}:taken:{task_id}"
