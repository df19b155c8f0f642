"""How often Slack is written to. One pacer a process, shared by all tasks: Slack counts the app, not the task.

A writer waits for its turn and only then looks at what there is to say, so that what happened meanwhile is one
write, not a queue of them.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

Haste = Literal["at_once", "now", "soon", "later"]
"""`at_once`: what a person who clicked waits for. `now`: cards and outcomes. `soon`: votes, which people watch for.
`later`: any other progress."""

_BEFORE: Final[Mapping[Haste, int]] = {"at_once": 0, "now": 1, "soon": 2, "later": 3}

CREDIT = 5
"""Turns that an answer to a click may take before they have come up. All others wait until they are paid back: a busy
channel is slower for what happens by itself, and not for the person who clicks. Slack allows as much in a burst."""


@dataclass(frozen=True)
class Rate:
    """So many at once, then a steady trickle."""

    per_second: float
    burst: int = 1

    def __post_init__(self) -> None:
        if self.per_second <= 0 or self.burst < 1:
            raise ValueError(f"a rate needs per_second above 0 and a burst of 1 or more; got {self}")


CHANNEL_RATE = Rate(per_second=1, burst=3)
"""Of all writes to one channel. Slack: about one message a second a channel, short bursts allowed."""

METHOD_RATES: Final[Mapping[str, Rate]] = {
    "chat.update": Rate(per_second=45 / 60, burst=10),
    "chat.startStream": Rate(per_second=18 / 60, burst=10),
    "chat.stopStream": Rate(per_second=18 / 60, burst=10),
    "chat.appendStream": Rate(per_second=90 / 60, burst=15),
}
"""Of one method over the whole workspace, a little under Slack's tiers 3, 2, 2 and 4."""


class PacingMetrics(Protocol):
    """Who counts turns. Neither method fails."""

    def waited(self, seconds: float, *, urgent: bool) -> None: ...
    def held(self, method: str, seconds: float) -> None: ...


@dataclass
class _Lane:
    rate: Rate
    tokens: float
    at: float
    """When `tokens` was counted. In the future while the lane is on hold."""
    waiting: list[tuple[int, int, asyncio.Future[None]]] = field(
        default_factory=list[tuple[int, int, "asyncio.Future[None]"]]
    )
    pump: asyncio.Task[None] | None = None

    def wait_seconds(self, now: float) -> float:
        """Until the next token. Zero or less: now."""
        if now > self.at:
            self.tokens = min(float(self.rate.burst), self.tokens + (now - self.at) * self.rate.per_second)
            self.at = now
        missing = max(0.0, 1 - self.tokens) / self.rate.per_second
        return max(0.0, self.at - now) + missing

    def has_now(self, now: float, *, haste: Haste) -> bool:
        """Whether there is a turn at once for one who comes now."""
        free = self.wait_seconds(now) <= 0
        if haste != "at_once" or (self.waiting and self.waiting[0][0] == _BEFORE[haste]):
            return free and not self.waiting
        # No credit while Slack asks to wait.
        return free or (self.at <= now and self.tokens - 1 >= -CREDIT)


class Pacer:
    """Turns, by channel and by method. The hastier go first."""

    def __init__(
        self,
        *,
        channel_rate: Rate | None = CHANNEL_RATE,
        method_rates: Mapping[str, Rate] = METHOD_RATES,
        metrics: PacingMetrics | None = None,
    ) -> None:
        self._channel_rate = channel_rate
        """None: no pacing at all, for a workspace without rate limits."""
        self._method_rates: Mapping[str, Rate] = method_rates if channel_rate is not None else {}
        self._metrics = metrics
        self._lanes: dict[str, _Lane] = {}
        self._order = itertools.count()

    async def turn(self, channel: str, method: str, *, haste: Haste = "later", claimed: bool = False) -> None:
        """Return when this write may be made. `claimed`: by :meth:`claim`, as far as the method is concerned."""
        started = time.monotonic()
        taken: _Lane | None = None
        if method in self._method_rates and not claimed:
            taken = await self._wait(f"method:{method}", self._method_rates[method], haste=haste)
        if self._channel_rate is not None:
            try:
                await self._wait(f"channel:{channel}", self._channel_rate, haste=haste)
            except asyncio.CancelledError:
                if taken is not None:
                    self._give_back(taken)
                raise
        if self._metrics is not None:
            self._metrics.waited(time.monotonic() - started, urgent=haste in ("at_once", "now"))

    def is_free(self, method: str) -> bool:
        """Whether a call of this method would have its turn at once, as far as the workspace is concerned."""
        if method not in self._method_rates:
            return True
        lane = self._lane(f"method:{method}", self._method_rates[method])
        return not lane.waiting and lane.wait_seconds(asyncio.get_running_loop().time()) <= 0

    def claim(self, method: str) -> bool:
        """Take the method's turn now, for a write that follows; False where there is none at once."""
        if not self.is_free(method):
            return False
        if method in self._method_rates:
            self._lane(f"method:{method}", self._method_rates[method]).tokens -= 1
        return True

    def hold(self, channel: str, method: str, seconds: float) -> None:
        """Slack answered 429: nothing more of this kind for so long."""
        if self._metrics is not None:
            self._metrics.held(method, seconds)
        until = asyncio.get_running_loop().time() + seconds
        for name, rate in ((f"channel:{channel}", self._channel_rate), (f"method:{method}", self._rate_of(method))):
            if rate is not None:
                lane = self._lane(name, rate)
                lane.tokens, lane.at = 0.0, max(lane.at, until)

    def _rate_of(self, method: str) -> Rate | None:
        return self._method_rates.get(method)

    def _lane(self, name: str, rate: Rate) -> _Lane:
        lane = self._lanes.get(name)
        if lane is None:
            self._forget_idle()
            lane = self._lanes[name] = _Lane(rate, float(rate.burst), asyncio.get_running_loop().time())
        return lane

    async def _wait(self, name: str, rate: Rate, *, haste: Haste) -> _Lane:
        """Return with the lane's turn taken."""
        loop = asyncio.get_running_loop()
        lane = self._lane(name, rate)
        if lane.has_now(loop.time(), haste=haste):
            lane.tokens -= 1
            return lane
        turn: asyncio.Future[None] = loop.create_future()
        heapq.heappush(lane.waiting, (_BEFORE[haste], next(self._order), turn))
        if lane.pump is None or lane.pump.done():
            lane.pump = loop.create_task(self._pump(lane))
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # the turn came, and in the same moment the writer gave up
                self._give_back(lane)
            raise
        return lane

    def _give_back(self, lane: _Lane) -> None:
        """A turn that was taken and not used goes to who waits, now: the pump may sleep past it."""
        lane.tokens = min(float(lane.rate.burst), lane.tokens + 1)
        self._hand_out(lane)

    def _hand_out(self, lane: _Lane) -> float:
        """Serve the most urgent for as long as there are turns; then seconds until the next. Those who gave up
        waiting cost nothing."""
        loop = asyncio.get_running_loop()
        while (seconds := lane.wait_seconds(loop.time())) <= 0 and lane.waiting:
            _, _, turn = heapq.heappop(lane.waiting)
            if not turn.done():
                lane.tokens -= 1
                turn.set_result(None)
        return seconds

    async def _pump(self, lane: _Lane) -> None:
        """Hand out turns, always to the most urgent who waits *then*."""
        while lane.waiting:
            seconds = self._hand_out(lane)
            if lane.waiting:
                await asyncio.sleep(seconds)

    def _forget_idle(self) -> None:
        """Lanes that are full again hold no information: a workspace has many channels."""
        if len(self._lanes) < 1000:
            return
        now = asyncio.get_running_loop().time()
        for name, lane in list(self._lanes.items()):
            if not lane.waiting and lane.wait_seconds(now) <= 0 and lane.tokens >= lane.rate.burst:
                del self._lanes[name]
