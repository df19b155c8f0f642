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

import structlog

from bot.redis_client import RedisAway, RedisClient, ask, open_redis

PATIENCE_SECONDS = 0.25
AWAY_SECONDS = 5.0
"""As with :mod:`bot.taken`."""

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


@dataclass
class WindowsShared:
    """In Redis. Implements :class:`Windows`."""

    redis: RedisClient
    here: WindowsHere = field(default_factory=WindowsHere)
    """Who counts while Redis is away."""
    clock: Callable[[], float] = time.monotonic
    _away_until: float | None = field(default=None, init=False)

    async def take(self, org: str, bounds: Sequence[Bound], *, unique: str, window_seconds: int) -> Full | None:
        """See :class:`Windows`."""
        if self._away_until is None or self.clock() >= self._away_until:
            try:
                keys = [_key(org, bound) for bound in bounds]
                limits = [bound.most for bound in bounds]
                answer = await ask(
                    self.redis,
                    *("EVAL", _TAKE, len(keys), *keys, window_seconds * 1000, unique, *limits),
                    seconds=PATIENCE_SECONDS,
                )
            except RedisAway as error:
                if self._away_until is None:
                    log = structlog.get_logger("gavel.intake")
                    log.warning("Requests are counted by each bot for itself: Redis does not answer.", error=str(error))
                self._away_until = self.clock() + AWAY_SECONDS
            else:
                self._away_until = None
                return _full(answer, bounds)
        return await self.here.take(org, bounds, unique=unique, window_seconds=window_seconds)


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
