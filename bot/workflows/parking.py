"""Tasks that this worker cannot go on with: said once in each one's thread, and in the log."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import structlog
from pydantic import BaseModel, TypeAdapter, ValidationError
from slack_sdk.errors import SlackClientError

from bot.blocks.sentences import held_up
from bot.blocks.text import plain
from bot.local.errors import StackError
from bot.tasks.board import TaskBoard
from bot.telemetry.held import HeldMetrics
from bot.thread import SlackRefused, SlackRetryable, ThreadRef, ThreadWriter
from bot.workflows.held import Held
from tools.contracts.ledger import LedgerUnavailable

TOLD_AFTER = 3
"""Tries. While workers are replaced one after the other a task may meet an older one, and is taken up by a newer one a
moment later."""

AGAIN_SECONDS = 540.0
"""Between two lines of the log about the same, each of which is counted. Less than the ten minutes after which Temporal
tries again in the end: so for as long as a task is held the count grows, and the alert on it stays."""

MOST_KNOWN = 10_000
"""Of those that are held, so many are remembered."""


class _Place(BaseModel):
    """Where a task is talked about, by the names that these fields have had from the first shape on."""

    org: str
    channel: str
    thread_ts: str | None = None


class _State(BaseModel):
    request: _Place


class _Carried(BaseModel):
    """Of a run that goes on from another one."""

    state: _State


_BEGUN = TypeAdapter[_Place | _Carried](_Place | _Carried)


@dataclass
class _Case:
    tries: int = 0
    logged_at: float | None = None
    said: bool = False


AWAY = (
    *(SlackRefused, SlackRetryable, SlackClientError, LedgerUnavailable, StackError),
    *(aiohttp.ClientError, OSError, TimeoutError),
)
"""What keeps a thread from being told."""

WriterOf = Callable[[str], Awaitable[ThreadWriter]]
"""Org → who speaks there."""


@dataclass
class Parking:
    """Of one worker. `note` is called from the threads its workflows run in."""

    writer_of: WriterOf
    board: TaskBoard
    metrics: HeldMetrics
    told_after: int = TOLD_AFTER
    clock: Callable[[], float] = time.monotonic
    _cases: OrderedDict[tuple[str, str], _Case] = field(
        default_factory=OrderedDict[tuple[str, str], "_Case"], init=False, repr=False
    )
    _came: asyncio.Queue[Held] = field(default_factory=lambda: asyncio.Queue(MOST_KNOWN), init=False, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False, repr=False)

    @asynccontextmanager
    async def telling(self) -> AsyncGenerator[None]:
        """While it lasts, what is noted is told."""
        self._loop = asyncio.get_running_loop()
        telling = asyncio.create_task(self._keep_telling(), name="tell of tasks that are held")
        try:
            yield
        finally:
            self._loop = None
            telling.cancel()
            await asyncio.wait([telling])

    def note(self, held: Held) -> None:
        """Never blocks, and never raises."""
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        loop.call_soon_threadsafe(self._take, held)

    def _take(self, held: Held) -> None:
        if not self._came.full():
            self._came.put_nowait(held)

    async def _keep_telling(self) -> None:
        while True:
            held = await self._came.get()
            try:
                await self._heed(held)
            except Exception:
                # Whatever it is, the next one is to be told.
                structlog.get_logger("gavel.worker").exception("It could not be said that a task is held.")

    async def _heed(self, held: Held) -> None:
        case = self._case(held)
        case.tries += 1
        if case.tries < self.told_after:
            return
        log = structlog.get_logger("gavel.worker").bind(task=held.workflow_id, why=held.why)
        if case.logged_at is None or self.clock() - case.logged_at >= AGAIN_SECONDS:
            case.logged_at = self.clock()
            self.metrics.met(held.why)
            log.error(
                "This worker cannot go on with a task. Nothing of it runs and nothing is lost: it is tried again.",
                detail=plain(held.detail, 500),
            )
        if case.said or held.workflow_type != "gavel-task":
            return
        try:
            case.said = await self._say(held)
        except AWAY as error:
            log.warning("Its thread could not be told; at its next try it is tried again.", reason=str(error)[:300])

    def _case(self, held: Held) -> _Case:
        key = (held.workflow_id, held.why)
        case = self._cases.pop(key, None) or _Case()
        self._cases[key] = case
        while len(self._cases) > MOST_KNOWN:
            self._cases.popitem(last=False)
        return case

    async def _say(self, held: Held) -> bool:
        """Whether it is said now. Once, whichever workers there are: the message is looked for first."""
        place = await self._place(held)
        if place is None or not place.thread_ts:
            return False
        writer = await self.writer_of(place.org)
        await writer.post_once(
            ThreadRef(team=place.org, channel=place.channel, thread_ts=place.thread_ts),
            held_up(held.why, task_id=held.workflow_id),
            key=f"held:{held.why}",
            task_id=held.workflow_id,
            check_first=True,
        )
        return True

    async def _place(self, held: Held) -> _Place | None:
        try:
            begun = _BEGUN.validate_json(held.begun_with)
        except ValidationError:
            return None
        place = begun if isinstance(begun, _Place) else begun.state.request
        if place.thread_ts:
            return place
        # A slash command's thread was opened later.
        task = await self.board.one(place.org, held.workflow_id)
        return place.model_copy(update={"thread_ts": task.thread_ts}) if task is not None else place
