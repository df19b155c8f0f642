"""The status of a thread in the assistant's pane, kept up while a step runs. Nothing depends on it: it is tried once,
and a step neither fails nor waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain, repeat

from temporalio import activity

from bot.blocks import pane as says
from bot.slack_web import SlackRefused, SlackRetryable, SlackWeb
from tools.contracts.progress import MemberProgress, Progress, ProgressEvent

AGAIN_SECONDS = (2.0, 30.0)
"""Slack takes a status away with each message in the thread, of which a step's board is the first, and after two
minutes: so long after it was set it is set again, the last of these from then on."""

END_SECONDS = 1.0
"""How long the end of a step waits for its last status."""


@dataclass
class Pane:
    """Of one step."""

    web: SlackWeb
    channel: str
    thread_ts: str
    status: str
    """What is done now; empty: nothing is said until something is."""
    after: str = ""
    """What stands there when the step is over; empty: nothing."""
    again: tuple[float, ...] = AGAIN_SECONDS
    _over: bool = field(default=False, repr=False)
    _changed: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def says(self, status: str) -> None:
        """From now on. Returns at once."""
        if status != self.status:
            self.status = status
            self._changed.set()

    async def keep(self) -> None:
        """Until :meth:`end`, or until Slack does not take it."""
        pauses = chain(self.again, repeat(self.again[-1]))
        with suppress(SlackRefused):
            while not self._over:
                self._changed.clear()
                if self.status:
                    with suppress(SlackRetryable):
                        await self._set(self.status)
                with suppress(TimeoutError):
                    async with asyncio.timeout(next(pauses)):
                        await self._changed.wait()

    async def end(self, keeping: asyncio.Task[None], *, last: bool) -> None:
        """The step is over. Never raises for what Slack does. `last`: nothing may be left there, whoever said it."""
        self._over = True
        self._changed.set()
        with suppress(SlackRefused, SlackRetryable, TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                # Not cancelled: what is on its way would be there after what follows.
                await asyncio.wait({keeping})
                if self.status or self.after or last:
                    await self._set(self.after)

    async def _set(self, status: str) -> None:
        place = {"channel_id": self.channel, "thread_ts": self.thread_ts}
        await self.web.mark("assistant.threads.setStatus", {**place, "status": status})


@asynccontextmanager
async def shown_in_pane(web: SlackWeb, channel: str, thread_ts: str | None) -> AsyncGenerator[Pane]:
    """Around a step. Where it has no thread in somebody's direct messages there is nothing to see, nor to set."""
    step = activity.info().activity_type
    pane = Pane(web, channel, thread_ts or "", says.OF_STEPS.get(step, ""))
    if thread_ts is None or not channel.startswith("D"):
        yield pane
        return
    keeping = asyncio.create_task(pane.keep(), name="the pane's status")
    try:
        yield pane
    finally:
        await pane.end(keeping, last=step == says.LAST_STEP)
        keeping.cancel()


@dataclass(frozen=True)
class ToldInPane:
    """Progress of an investigation, as far as a status has room for it. Implements `Progress`."""

    inner: Progress
    pane: Pane

    def emit(self, event: ProgressEvent) -> None:
        if isinstance(event, MemberProgress):
            self.pane.says(says.VOTING if event.stage == "vote" else says.ASKING)
        self.inner.emit(event)
