"""How often somebody asked lately, and in which channel: within a window that moves with the clock.

Counted in Redis, which all bots share. While it is away each bot counts for itself: the limit then holds for each of
them, and nobody is turned away because of Redis. What is counted twice (Slack sends a thing again) counts once.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from bot.redis_client import RedisAway, RedisClient, SparedRedis, open_redis

MOST_WINDOWS = 10_000
"""Kept in memory while Redis is away. The one that was used longest ago goes first."""

_TAKE = """
local clock = redis.call('TIME')
local now, window = clock[1] * 1000 + math.floor(clock[2] / 1000), tonumber(ARGV[1])
for at, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
  if not redis.call('ZSCORE', key, ARGV[2]) and redis.call('ZCARD', key) >= tonumber(ARGV[2 + at]) then
    return {at, math.max(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] + window - now, 1)}
  end
end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, 'NX', now, ARGV[2])
  redis.call('PEXPIRE', key, window)
end
return {0, 0}
"""
"""In one step, by the server's own clock: however many bots ask at a time, none is let through beyond the limit."""


@dataclass(frozen=True)
class Bound:
    """At most so many within the window, of one person or one channel."""

    of: Literal["person", "channel"]
    id: str
    most: int


@dataclass(frozen=True)
class Full:
    """There is no room within a bound."""

    bound: Bound
    wait_seconds: float
    """Until there is again."""


class Windows(Protocol):
    async def take(self, org: str, bounds: Sequence[Bound], *, unique: str, window_seconds: int) -> Full | None:
        """None: counted against each of them; else against none. It does not raise."""
        ...


@dataclass
class WindowsHere:
    """In this process's memory. Implements :class:`Windows`."""

    clock: Callable[[], float] = time.monotonic
    _taken: OrderedDict[str, dict[str, float]] = field(
        default_factory=OrderedDict[str, dict[str, float]], init=False, repr=False
    )

    async def take(self, org: str, bounds: Sequence[Bound], *, unique: str, window_seconds: int) -> Full | None:
        """See :class:`Windows`."""
        now = self.clock()
        windows = [self._lately(_key(org, bound), since=now - window_seconds) for bound in bounds]
        for bound, taken in zip(bounds, windows, strict=True):
            if unique not in taken and len(taken) >= bound.most:
                return Full(bound, min(taken.values()) + window_seconds - now)
        for taken in windows:
            taken.setdefault(unique, now)
        return None

    def _lately(self, key: str, *, since: float) -> dict[str, float]:
        taken = {unique: at for unique, at in self._taken.pop(key, {}).items() if at > since}
        self._taken[key] = taken
        while len(self._taken) > MOST_WINDOWS:
            self._taken.popitem(last=False)
        return taken


class WindowsShared:
    """In Redis. Implements :class:`Windows`."""

    def __init__(
        self, redis: RedisClient, *, here: WindowsHere | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`here`: who counts while Redis is away."""
        self._here = here or WindowsHere()
        self._redis = SparedRedis(
            redis,
            "gavel.intake",
            away="Requests are counted by each bot for itself: Redis does not answer.",
            back="Requests are counted for all bots together again: Redis is back.",
            clock=clock,
        )

    async def take(self, org: str, bounds: Sequence[Bound], *, unique: str, window_seconds: int) -> Full | None:
        """See :class:`Windows`."""
        keys, limits = [_key(org, bound) for bound in bounds], [bound.most for bound in bounds]
        try:
            answer = await self._redis.ask("EVAL", _TAKE, len(keys), *keys, window_seconds * 1000, unique, *limits)
        except RedisAway:
            return await self._here.take(org, bounds, unique=unique, window_seconds=window_seconds)
        return _full(answer, bounds)


@asynccontextmanager
async def windows_at(url: str) -> AsyncGenerator[Windows]:
    """On the Redis at `url`, which need not be there."""
    redis = open_redis(url)
    try:
        yield WindowsShared(redis)
    finally:
        await redis.aclose()


def _full(answer: object, bounds: Sequence[Bound]) -> Full | None:
    """As the script says it: which bound (from 1; 0: none), and milliseconds."""
    match answer:
        case [int(at), int(wait)] if 0 < at <= len(bounds):
            return Full(bounds[at - 1], wait / 1000)
        case _:
            return None


def _key(org: str, bound: Bound) -> str:
    # In braces: what one script touches lies on one node of a cluster.
    return f"gavel:{{{org}}}:asked:{bound.of}:{bound.id}"
