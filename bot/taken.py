"""What was handed over lately, in Redis: Slack's redeliveries of it need not go to Temporal once more.

Only successes are remembered, so that a redelivery of what failed is not dropped. A memory that may be lost: without
Redis everything goes to Temporal, whose id policy lets nothing run twice.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

import structlog

from bot.redis_client import RedisAway, RedisClient, ask, open_redis

WINDOW_SECONDS = 15 * 60
"""Slack gives up redelivering an event after about six minutes."""

PATIENCE_SECONDS = 0.25
"""For one question: two of them and Temporal's two seconds fit into the three in which Slack wants to hear of it."""

AWAY_SECONDS = 5.0
"""After a failure Redis is not asked for so long: an outage slows down one event, not every one."""


class Taken(Protocol):
    """Neither method fails, or takes longer than :data:`PATIENCE_SECONDS`."""

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

    def __init__(
        self,
        redis: RedisClient,
        *,
        away_seconds: float = AWAY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._away_seconds = away_seconds
        self._clock = clock
        self._away_until: float | None = None
        """None: it answered when it was last asked."""
        self._log = structlog.get_logger("gavel.intake")

    async def has(self, org: str, task_id: str) -> bool:
        return await self._ask("EXISTS", _key(org, task_id)) == 1

    async def add(self, org: str, task_id: str) -> None:
        await self._ask("SET", _key(org, task_id), "1", "EX", WINDOW_SECONDS)

    async def _ask(self, *command: str | float) -> object:
        """The answer, or None without one. An outage is told once, and its end."""
        if self._away_until is not None and self._clock() < self._away_until:
            return None
        try:
            answer = await ask(self._redis, *command, seconds=PATIENCE_SECONDS)
        except RedisAway as error:
            if self._away_until is None:
                self._log.warning(
                    "Redis is away. Requests are taken in without it; Temporal alone sees to it that none runs twice.",
                    error=str(error),
                )
            self._away_until = self._clock() + self._away_seconds
            return None
        if self._away_until is not None:
            self._away_until = None
            self._log.info("Redis is back.")
        return answer


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
