"""redis-py's client with the types it leaves open. Its import takes a sixth of a second, so it is late."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Protocol


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
