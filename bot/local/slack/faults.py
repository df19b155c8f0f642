"""What can be made to go wrong. The body of `POST /local/faults`."""

from __future__ import annotations

import time
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Disconnect = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]


class FaultRequest(BaseModel):
    """Fields that are not given stay as they are; `clear` resets everything first."""

    model_config = ConfigDict(extra="forbid")

    clear: bool = False
    rate_limited_seconds: float | None = Field(default=None, ge=0, le=3600)
    """Every Web API call (or those in `methods`) is answered 429 for so long."""
    errors_seconds: float | None = Field(default=None, ge=0, le=3600)
    """Every Web API call (or those in `methods`) is answered 500 for so long; nothing is done."""
    fail_next: int | None = Field(default=None, ge=0)
    """The next so many calls (of `methods`) are answered 500; nothing is done."""
    lose_next_answers: int | None = Field(default=None, ge=0)
    """The next so many calls (of `methods`) are done, and then the connection breaks before the answer."""
    slow_seconds: float | None = Field(default=None, ge=0, le=60)
    """Every Web API call takes so much longer."""
    methods: list[str] | None = None
    """Which methods the above are about; empty means all."""
    rate_limits: bool | None = None
    """Slack's own rate limits, on or off."""
    drop_sockets: bool = False
    """Break every Socket Mode connection now, without a goodbye."""
    disconnect: Disconnect | None = None
    """Ask every Socket Mode connection to go, with this reason."""
    twice: bool | None = None
    """Deliver every event twice."""
    out_of_order: bool | None = None
    """Hold every other event back for 0.4 s, so that later ones overtake it."""
    lose_next_acks: int | None = Field(default=None, ge=0)
    """Take no notice of the next so many acknowledgements."""
    refuse_blocks: str | None = Field(default=None, max_length=60)
    """Messages with blocks are refused, by this name of Slack's; empty: they are taken again."""


class Faults:
    """What is going wrong now."""

    def __init__(self, *, rate_limits: bool = True) -> None:
        self._rate_limits_at_start = rate_limits
        self.rate_limits = rate_limits
        self._clear()

    def _clear(self) -> None:
        self.rate_limits = self._rate_limits_at_start
        self.rate_limited_until = 0.0
        self.errors_until = 0.0
        self.fail_next = 0
        self.lose_next_answers = 0
        self.slow_seconds = 0.0
        self.methods: list[str] = []
        self.twice = False
        self.out_of_order = False
        self.lose_next_acks = 0
        self.refuse_blocks = ""

    def apply(self, request: FaultRequest) -> None:
        """Take over what the request says."""
        if request.clear:
            self._clear()
        now = time.monotonic()
        if request.rate_limited_seconds is not None:
            self.rate_limited_until = now + request.rate_limited_seconds
        if request.errors_seconds is not None:
            self.errors_until = now + request.errors_seconds
        for name in (
            "fail_next",
            "lose_next_answers",
            "slow_seconds",
            "methods",
            "rate_limits",
            "twice",
            "out_of_order",
            "lose_next_acks",
            "refuse_blocks",
        ):
            value = getattr(request, name)
            if value is not None:
                setattr(self, name, value)

    def concerns(self, method: str) -> bool:
        return not self.methods or method in self.methods

    def seconds_of_429(self, method: str) -> float:
        """How long calls of this method will still be answered 429."""
        return self.rate_limited_until - time.monotonic() if self.concerns(method) else 0

    def takes_failure(self, method: str) -> bool:
        """Whether this call shall be answered 500 (and uses up one of `fail_next`)."""
        if not self.concerns(method):
            return False
        if self.fail_next:
            self.fail_next -= 1
            return True
        return time.monotonic() < self.errors_until

    def takes_answer(self, method: str) -> bool:
        """Whether the answer to this call shall be lost."""
        if self.lose_next_answers and self.concerns(method):
            self.lose_next_answers -= 1
            return True
        return False

    def takes_ack(self) -> bool:
        """Whether this acknowledgement shall be overlooked."""
        if self.lose_next_acks:
            self.lose_next_acks -= 1
            return True
        return False

    def shown(self) -> dict[str, object]:
        """For `GET /local/faults`."""
        now = time.monotonic()
        return {
            "rate_limited_seconds": max(0.0, self.rate_limited_until - now),
            "errors_seconds": max(0.0, self.errors_until - now),
            "fail_next": self.fail_next,
            "lose_next_answers": self.lose_next_answers,
            "slow_seconds": self.slow_seconds,
            "methods": self.methods,
            "rate_limits": self.rate_limits,
            "twice": self.twice,
            "out_of_order": self.out_of_order,
            "lose_next_acks": self.lose_next_acks,
            "refuse_blocks": self.refuse_blocks,
        }
