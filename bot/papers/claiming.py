"""One process at a time posts files into a thread: what another is posting is not there to be seen yet."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import structlog

from bot.redis_client import RedisAway, RedisClient, ask
from bot.thread import ThreadRef

HOLD_SECONDS = 300
"""Longer than posting takes. Who died meanwhile holds it no longer."""

SETTLE_SECONDS = 20
"""Slack shows what it took a moment later; until then nobody else posts the same."""

PATIENCE_SECONDS = 1.0

_GIVE_BACK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end"
"""Ours only: it may have run out, and be another's by now."""


class BeingPosted(Exception):
    """Another process is posting into this thread, or just has."""


@dataclass
class Claim:
    """Held while files are posted."""

    sent: bool = False
    """Slack was told to show them, whatever it answered."""


@dataclass(frozen=True)
class Claims:
    """Shared by every bot process on this Redis. Without Redis there is no claim: two who are asked in the same moment
    may then post the same files."""

    redis: RedisClient = field(repr=False)

    @asynccontextmanager
    async def held(self, thread: ThreadRef) -> AsyncGenerator[Claim]:
        """Raises :class:`BeingPosted`."""
        key, token = f"gavel:{thread.team}:files:{thread.channel}:{thread.thread_ts}", secrets.token_hex(8)
        try:
            taken = await ask(self.redis, "SET", key, token, "NX", "EX", HOLD_SECONDS, seconds=PATIENCE_SECONDS)
        except RedisAway as error:
            structlog.get_logger("gavel.slack").warning("Files are posted without a claim.", reason=str(error))
        else:
            if taken is None:
                raise BeingPosted
        claim = Claim()
        try:
            yield claim
        finally:
            left = SETTLE_SECONDS * 1000 if claim.sent else 0
            with suppress(RedisAway):  # it runs out by itself
                await ask(self.redis, "EVAL", _GIVE_BACK, 1, key, token, left, seconds=PATIENCE_SECONDS)
