"""How much of the time is left in which Slack wants an answer to what somebody sent. Known to all that is behind the
gate, and made of nothing, so that anything may ask."""

from __future__ import annotations

import time
from contextvars import ContextVar

_BEGAN: ContextVar[float | None] = ContextVar("when the gate was asked about this request", default=None)


def begin() -> None:
    """Something was sent, now."""
    _BEGAN.set(time.monotonic())


def seconds_left(whole: float) -> float:
    """Of `whole`, the time in which what somebody sent is to be answered: what has not passed since. All of it where
    nobody sent anything; never nothing."""
    began = _BEGAN.get()
    return whole if began is None else max(0.1, whole - (time.monotonic() - began))
