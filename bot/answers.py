"""Answers of models, in Redis, sealed: who can write there can neither read them nor put one in.

A memory that may be lost. Without Redis every question is asked.
"""

from __future__ import annotations

import base64
import binascii
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from bot.redis_client import RedisAway, RedisClient, ask

PATIENCE_SECONDS = 0.25
"""For one question to Redis."""

AWAY_SECONDS = 5.0
"""After a failure it is not asked for so long."""

_NONCE_BYTES = 12


@dataclass
class RedisAnswers:
    """Implements `agents.orchestrator.cache.Answers`, shared by every worker on this Redis."""

    redis: RedisClient
    ttl_seconds: int
    key: bytes = field(repr=False)
    """32 bytes."""
    clock: Callable[[], float] = time.monotonic
    _away_until: float | None = None

    async def get(self, org: str, key: str) -> str | None:
        """See `Answers`."""
        found = await self._ask("GET", _name(org, key))
        return self._open(found, _name(org, key)) if isinstance(found, str) else None

    async def put(self, org: str, key: str, answer: str) -> None:
        """See `Answers`."""
        name = _name(org, key)
        await self._ask("SET", name, self._seal(answer, name), "EX", self.ttl_seconds)

    async def claim(self, org: str, key: str, *, seconds: float) -> bool:
        """See `Answers`. A process that dies with a claim loses it when its time is over."""
        if self._is_away():
            return True
        taken = await self._ask("SET", f"{_name(org, key)}:asking", "1", "NX", "PX", max(1, int(seconds * 1000)))
        return taken is not None or self._is_away()

    async def free(self, org: str, key: str) -> None:
        """See `Answers`."""
        await self._ask("DEL", f"{_name(org, key)}:asking")

    def _is_away(self) -> bool:
        return self._away_until is not None and self.clock() < self._away_until

    async def _ask(self, *command: str | float) -> object:
        if self._is_away():
            return None
        log = structlog.get_logger("gavel.answers")
        try:
            answer = await ask(self.redis, *command, seconds=PATIENCE_SECONDS)
        except RedisAway as error:
            if self._away_until is None:
                log.warning("Redis is away. Every question is asked, also those that were before.", error=str(error))
            self._away_until = self.clock() + AWAY_SECONDS
            return None
        if self._away_until is not None:
            self._away_until = None
            log.info("Redis is back.")
        return answer

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
