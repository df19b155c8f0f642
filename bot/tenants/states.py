"""Installations that were begun: a state each, for the one browser that began it, once, for ten minutes.

In Redis, which every bot process shares and which forgets by itself: who loses one begins again.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from bot.redis_client import RedisClient, ask

SECONDS = 600
"""As long as Slack's codes are good."""

PATIENCE_SECONDS = 2.0


@dataclass(frozen=True)
class InstallStates:
    """Both methods raise `RedisAway`. Neither a state nor a browser's secret is kept, only their hashes."""

    redis: RedisClient

    async def issue(self, browser: str) -> str:
        """A state that only the browser with this secret can bring back."""
        state = secrets.token_urlsafe(32)
        await self._ask("SET", _key(state), _hash(browser), "EX", SECONDS)
        return state

    async def consume(self, state: str, browser: str) -> bool:
        """Whether it is this browser's, and nobody has used it. It is used up then; another browser uses up nothing."""
        kept = await self._ask("GET", _key(state))
        if not isinstance(kept, str) or not secrets.compare_digest(kept, _hash(browser)):
            return False
        # Of two that come at a time one deletes it.
        return await self._ask("DEL", _key(state)) == 1

    async def _ask(self, *command: str | float) -> object:
        return await ask(self.redis, *command, seconds=PATIENCE_SECONDS)


def _key(state: str) -> str:
    return f"gavel:install:{_hash(state)}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
