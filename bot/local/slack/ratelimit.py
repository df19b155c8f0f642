"""Slack's rate tiers as token buckets, a bucket per method (and per channel for posting)."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Literal

from bot.local.slack.errors import RateLimited

Tier = Literal["tier1", "tier2", "tier3", "tier4", "special"]


@dataclass(frozen=True)
class Allowance:
    """A steady rate, and how many may come at once."""

    per_second: float
    burst: int


_TIERS: dict[Tier, Allowance] = {
    "tier1": Allowance(1 / 60, 10),
    "tier2": Allowance(20 / 60, 20),
    "tier3": Allowance(50 / 60, 50),
    "tier4": Allowance(100 / 60, 100),
    "special": Allowance(600 / 60, 600),
}
"""Requests a minute by tier. The burst is a minute's worth; tier 1 allows small bursts."""

POSTING = Allowance(1, 5)
"""`chat.postMessage`: about one a second a channel, short bursts tolerated."""


@dataclass
class _Bucket:
    tokens: float
    at: float


class RateLimits:
    """Counts calls. Raises :class:`RateLimited` for one too many, with the seconds until the next may come."""

    def __init__(self) -> None:
        self._buckets: dict[str, _Bucket] = {}

    def reset(self) -> None:
        self._buckets.clear()

    def take(self, method: str, tier: Tier) -> None:
        self._take(method, _TIERS[tier])

    def take_posting(self, channel: str) -> None:
        self._take(f"chat.postMessage:{channel}", POSTING)

    def _take(self, key: str, allowance: Allowance) -> None:
        now = time.monotonic()
        bucket = self._buckets.setdefault(key, _Bucket(allowance.burst, now))
        bucket.tokens = min(allowance.burst, bucket.tokens + (now - bucket.at) * allowance.per_second)
        bucket.at = now
        if bucket.tokens < 1:
            raise RateLimited(max(1, math.ceil((1 - bucket.tokens) / allowance.per_second)))
        bucket.tokens -= 1
