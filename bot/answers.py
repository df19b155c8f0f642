"""Answers of models, in Redis, sealed: who can write there can neither read them nor put one in.

A memory that may be lost. Without Redis every question is asked.
"""

from __future__ import annotations

import base64
import binascii
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from bot.redis_client import RedisAway, RedisClient, SparedRedis

_NONCE_BYTES = 12


@dataclass
class RedisAnswers:
    """Implements `agents.orchestrator.cache.Answers`, shared by every worker on this Redis."""

    redis: RedisClient
    ttl_seconds: int
    key: bytes = field(repr=False)
    """32 bytes."""
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._redis = SparedRedis(
            self.redis,
            "gavel.answers",
            away="Redis is away. Every question is asked, also those that were before.",
            clock=self.clock,
        )

    async def get(self, org: str, key: str) -> str | None:
        """See `Answers`."""
        try:
            found = await self._redis.ask("GET", _name(org, key))
        except RedisAway:
            return None
        return self._open(found, _name(org, key)) if isinstance(found, str) else None

    async def put(self, org: str, key: str, answer: str) -> None:
        """See `Answers`."""
        name = _name(org, key)
        with suppress(RedisAway):
            await self._redis.ask("SET", name, self._seal(answer, name), "EX", self.ttl_seconds)

    async def claim(self, org: str, key: str, *, seconds: float) -> bool:
        """See `Answers`. A process that dies with a claim loses it when its time is over."""
        milliseconds = max(1, int(seconds * 1000))
        try:
            taken = await self._redis.ask("SET", f"{_name(org, key)}:asking", "1", "NX", "PX", milliseconds)
        except RedisAway:
            return True
        return taken is not None

    async def free(self, org: str, key: str) -> None:
        """See `Answers`."""
        with suppress(RedisAway):
            await self._redis.ask("DEL", f"{_name(org, key)}:asking")

    def _seal(self, answer: str, name: str) -> str:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # late: see `bot.keys`

        nonce = os.urandom(_NONCE_BYTES)
        return base64.b64encode(nonce + AESGCM(self.key).encrypt(nonce, answer.encode(), name.encode())).decode()

    def _open(self, sealed: str, name: str) -> str | None:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            raw = base64.b64decode(sealed, validate=True)
            return AESGCM(self.key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], name.encode()).decode()
        except (InvalidTag, ValueError, binascii.Error):
            return None  # not ours: it is as if nothing were there


def _name(org: str, key: str) -> str:
    return f"gavel:{org}:answer:{key}"
