"""Trying again, only where that is safe and only while there is time."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace

from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ModelClient, ModelError
from agents.orchestrator.errors import ProviderRefusal

_WORTH_ANOTHER_TRY = frozenset({"rate_limited", "unavailable"})
"""A wrong key stays wrong and a bad answer is the caller's to judge; a timeout has used up the deadline."""


@dataclass(frozen=True)
class RetryingClient:
    """Asks again after a rate limit or an outage, within the request's own deadline.

    Each further attempt is a request of its own (`key` gets `:try2` …) with what is left of the deadline.
    """

    inner: ModelClient
    attempts: int = 3
    """Calls in all."""
    first_pause_seconds: float = 0.5
    """Doubles with each attempt, unless the provider said how long to wait."""
    least_useful_seconds: float = 1.0
    """An attempt with less time than this left is not started."""
    longest_pause_seconds: float = 15.0
    """A provider that wants to be left alone for longer is: another member may answer sooner."""

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        ends = time.monotonic() + request.deadline_seconds
        attempt = 1
        while True:
            left = ends - time.monotonic()
            asked = replace(request, deadline_seconds=left)
            if attempt > 1:
                asked = replace(asked, key=f"{request.key}:try{attempt}", parent=request.key)
            try:
                return await self.inner.chat(member, asked)
            except ModelError as error:
                pause = self._pause(error, attempt)
                left = ends - time.monotonic()
                if pause is None or left - pause < self.least_useful_seconds:
                    raise
            await asyncio.sleep(pause)
            attempt += 1

    def _pause(self, error: ModelError, attempt: int) -> float | None:
        """Seconds to wait before the next attempt; None: there is none."""
        if error.kind not in _WORTH_ANOTHER_TRY or attempt >= self.attempts:
            return None
        if isinstance(error, ProviderRefusal) and error.retry_after_seconds is not None:
            wanted = error.retry_after_seconds
            return wanted if wanted <= self.longest_pause_seconds else None
        return self.first_pause_seconds * 2 ** (attempt - 1)
