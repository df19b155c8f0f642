"""redis-py's client with the types it leaves open. Its import takes a sixth of a second, so it is late."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Protocol

import structlog

PATIENCE_SECONDS = 0.25
"""For one question that a person or an event waits for: two of them and Temporal's two seconds fit into the three in
which Slack wants to hear of an event."""

AWAY_SECONDS = 5.0
"""After a failure Redis is not asked for so long: an outage slows down one question, not every one."""


class RedisClient(Protocol):
    """As far as it is used: commands by name, answers decoded to text."""

    async def execute_command(self, *args: str | bytes | float) -> object:
        """Raises `redis.exceptions.RedisError`, of which `ConnectionError` when the server is away."""
        ...

    async def aclose(self) -> None: ...


def open_redis(url: str, *, timeout_seconds: float = 2) -> RedisClient:
    """A client with a pool of connections, made when first needed. `redis://`, `rediss://` or `unix://`."""
    client: RedisClient = import_module("redis.asyncio").Redis.from_url(
        url, decode_responses=True, socket_timeout=timeout_seconds, socket_connect_timeout=timeout_seconds
    )
    return client


class RedisAway(Exception):
    """No answer, in one line without the URL."""


async def ask(client: RedisClient, *args: str | bytes | float, seconds: float) -> object:
    """One command, answered within `seconds` whatever the connection's own patience. Raises :class:`RedisAway`."""
    from redis.exceptions import RedisError  # by now it is imported anyway

    try:
        async with asyncio.timeout(seconds):
            return await client.execute_command(*args)
    except TimeoutError as error:
        raise RedisAway(f"no answer within {seconds:g} s") from error
    except (RedisError, OSError) as error:
        raise RedisAway(type(error).__name__) from error


@dataclass
class SparedRedis:
    """Redis for what can do without it: while it is away nobody waits for it. An outage is told once, and its end."""

    client: RedisClient = field(repr=False)
    logger: str
    """Where it is told, e.g. `gavel.intake`."""
    away: str
    """What is told when Redis is away: what is done without it."""
    back: str = "Redis is back."
    clock: Callable[[], float] = time.monotonic
    _away_until: float | None = field(default=None, init=False)
    """None: it answered when it was last asked."""

    async def ask(self, *command: str | bytes | float) -> object:
        """Its answer within :data:`PATIENCE_SECONDS`. Raises :class:`RedisAway`, at once where it is known to be."""
        was_away = self._away_until is not None
        if self._away_until is not None:
            if self.clock() < self._away_until:
                raise RedisAway("it did not answer lately")
            # This one finds out whether it is back; the others do not wait to find out the same.
            self._away_until = self.clock() + AWAY_SECONDS
        try:
            answer = await ask(self.client, *command, seconds=PATIENCE_SECONDS)
        except RedisAway as error:
            if self._away_until is None:
                structlog.get_logger(self.logger).warning(self.away, error=str(error))
            self._away_until = self.clock() + AWAY_SECONDS
            raise
        if was_away and self._away_until is not None:
            self._away_until = None
            structlog.get_logger(self.logger).info(self.back)
        return answer
