"""redis-py's client with the types it leaves open. Its import takes a sixth of a second, so it is late."""

from __future__ import annotations

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
