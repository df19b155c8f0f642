"""`async with narrator.live(…) as progress`: whoever watches sees it, whoever works never waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import structlog

from bot.blocks.message import REHEARSAL
from bot.narrator.board import Board
from bot.narrator.render import Headline
from bot.narrator.sinks import EditedSink, Sink, StreamSink, Subject, find_message
from bot.pacing import Haste
from bot.slack_web import SlackRefused, SlackRetryable
from bot.thread import ThreadRef, ThreadWriter
from tools.contracts.progress import ProgressEvent, TallyProgress, VerdictProgress, VoteProgress

FINISH_SECONDS = 10.0
"""How long the last write may hold up the work it tells about. The durable messages come later in any case."""

LINGER_SECONDS = 60.0
"""How much longer it may wait for its turn, while the work goes on: many councils may end at once."""

MAX_PAUSE_SECONDS = 15.0

BREATH_SECONDS = 0.1
"""News of one moment are one write: nobody sees the difference, and each write is one of those that Slack counts."""

IDLE_SECONDS = 20.0
"""How often a quiet stream is looked after: it must be rolled over in time even when there is no news."""


def _ignore(ts: str) -> None:
    del ts


@dataclass(frozen=True)
class Narrator:
    """One a process. Shares its writer's pacing with everything else the process says."""

    writer: ThreadWriter
    include_dissent: bool = True
    """Whether it is told who disputes what, and why."""
    _lingering: dict[str, asyncio.Task[None]] = field(default_factory=dict[str, "asyncio.Task[None]"])
    """Task id and key → a last write that still waits for its turn."""

    @asynccontextmanager
    async def live(
        self,
        thread: ThreadRef,
        *,
        task_id: str,
        key: str,
        title: str,
        simulated: bool,
        resume_ts: str | None = None,
        check_first: bool = False,
        on_ts: Callable[[str], None] = _ignore,
    ) -> AsyncGenerator[LiveProgress]:
        """Show the work in the block as it happens, in one message with this key.

        `on_ts` gets the message's ts (put it into the activity's heartbeat); on a retry hand it back as `resume_ts`
        with `check_first`: the same message is then continued instead of a second one posted. Slack being away never
        raises here and delays the end of the block by at most :data:`FINISH_SECONDS`.
        """
        subject = Subject(
            thread=thread,
            task_id=task_id,
            key=key,
            headline=Headline.of(title, task_id=task_id, key=key),
        )
        await self._relieve(f"{task_id} {key}")
        board = Board(notes=(REHEARSAL,) if simulated else (), include_dissent=self.include_dissent)
        progress = LiveProgress(self.writer, subject, board, resume_ts=resume_ts, check_first=check_first, on_ts=on_ts)
        teller = asyncio.create_task(progress.tell())
        failed = True
        try:
            yield progress
            failed = False
        finally:
            progress.close(failed=failed)
            await self._end(teller, f"{task_id} {key}")

    async def _end(self, teller: asyncio.Task[None], name: str) -> None:
        """Wait for the last write; where Slack has no turn for it in time, let it wait on its own."""
        try:
            await asyncio.wait({teller}, timeout=FINISH_SECONDS)
        except asyncio.CancelledError:
            teller.cancel()
            await asyncio.wait({teller})
            raise
        if teller.done():
            _told(teller)
            return
        lingering = self._lingering[name] = asyncio.create_task(_linger(teller))
        lingering.add_done_callback(lambda over: self._forget(name, over))

    async def _relieve(self, name: str) -> None:
        """What waits to be said of the same message is out of date."""
        if (lingering := self._lingering.get(name)) is not None:
            lingering.cancel()
            await asyncio.wait({lingering})

    def _forget(self, name: str, lingering: asyncio.Task[None]) -> None:
        if self._lingering.get(name) is lingering:
            del self._lingering[name]


class LiveProgress:
    """Takes events and writes them from a task of its own. Implements `tools.contracts.progress.Progress`.

    Belongs to one event loop; `emit` from another thread is not supported.
    """

    def __init__(
        self,
        writer: ThreadWriter,
        subject: Subject,
        board: Board,
        *,
        resume_ts: str | None,
        check_first: bool,
        on_ts: Callable[[str], None],
    ) -> None:
        self._writer = writer
        self._subject = subject
        self._resume_ts = resume_ts
        self._check_first = check_first
        self._on_ts = on_ts
        self._board = board
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        """The work is over."""
        self._failed = False
        self._haste: Haste = "later"
        """Of what has not been written yet."""
        self._hastier = asyncio.Event()
        """What there is to say has become hastier than the write that waits."""
        self._sink: Sink | None = None
        self._pause = 0.5
        self._log = structlog.get_logger("gavel.narrator").bind(task=subject.task_id, key=subject.key)

    def emit(self, event: ProgressEvent) -> None:
        """Note the event. Never waits and never raises."""
        try:
            self._board.apply(event)
        except Exception as error:  # a watcher must not stop the work, whatever is wrong with an event
            self._log.warning("narrator.event_dropped", event_type=type(event).__name__, error=repr(error)[:200])
        if isinstance(event, VoteProgress | TallyProgress | VerdictProgress):
            self._hurry("soon")
        self._news.set()

    def close(self, *, failed: bool) -> None:
        """The work is over; the last write follows."""
        self._board.close(failed=failed)
        self._failed = failed
        self._over.set()
        self._hurry("now")
        self._news.set()

    async def tell(self) -> None:
        """Write until the end, or until Slack says that it will never work."""
        try:
            # The title at once.
            while not await self._say():
                await self._wait_for_news()
        except SlackRefused as refused:
            self._log.warning("narrator.gave_up", error=refused.error, reason=str(refused)[:300])

    async def _wait_for_news(self) -> None:
        await _within(IDLE_SECONDS, self._news)
        await _within(BREATH_SECONDS, self._over)
        self._news.clear()

    async def _say(self) -> bool:
        """One write of how things stand now; True once the last one is done."""
        try:
            sink = self._sink = self._sink or await self._choose()
            over = self._over.is_set()
            if over:
                await sink.finish(self._board, failed=self._failed)
            else:
                await self._write(sink)
        except SlackRetryable as error:
            await self._rest(error)
            return False
        except SlackRefused as refused:
            self._sink = self._instead(refused)
            self._news.set()
            return False
        self._pause = 0.5
        return over

    def _hurry(self, haste: Haste) -> None:
        if self._haste != haste and self._haste != "now":
            self._haste = haste
            self._hastier.set()

    async def _write(self, sink: Sink) -> None:
        """A write that waits for its turn is begun anew when there are votes to show, or the work is over."""
        begun, haste = False, self._haste

        def on_turn() -> None:
            nonlocal begun
            begun = True
            if not self._over.is_set():
                self._haste = "later"

        self._hastier.clear()
        writing = asyncio.create_task(sink.write(self._board, haste=haste, on_turn=on_turn))
        hastier = asyncio.create_task(self._hastier.wait())
        try:
            await asyncio.wait({writing, hastier}, return_when=asyncio.FIRST_COMPLETED)
            if writing.done() or begun:
                await writing
            else:
                self._news.set()
        except SlackRetryable:
            if self._haste == "later":  # what it had to say is as hasty as it was
                self._haste = haste
            raise
        finally:
            hastier.cancel()
            writing.cancel()
            await asyncio.wait({writing, hastier})

    async def _choose(self) -> Sink:
        """Continue what an earlier attempt left; else stream where a person asked; else edit.

        Of edits Slack takes more than of streams: where others have begun so many that this one had to wait, edit."""
        if self._check_first or self._resume_ts is not None:
            found = await find_message(self._writer, self._subject, oldest=self._resume_ts)
            ts = found or self._resume_ts
            if ts is not None:
                self._on_ts(ts)
                return self._edited(ts, check_first=False)
        thread = self._subject.thread
        streams = thread.recipient_user is not None and thread.thread_ts is not None
        if not (streams and self._writer.web.claim("chat.startStream")):
            return self._edited(None, check_first=False)
        return StreamSink(self._writer, self._subject, on_ts=self._on_ts)

    def _instead(self, refused: SlackRefused) -> Sink:
        """Where streaming does not work (any more), edit. Raises the refusal when that was refused as well."""
        if not isinstance(self._sink, StreamSink):
            raise refused
        self._log.info("narrator.edits_instead", error=refused.error)
        return self._edited(self._sink.ts, check_first=self._sink.perhaps_started)

    def _edited(self, ts: str | None, *, check_first: bool) -> EditedSink:
        return EditedSink(self._writer, self._subject, on_ts=self._on_ts, ts=ts, check_first=check_first)

    async def _rest(self, error: SlackRetryable) -> None:
        """Slack is away. Wait, then say how things stand *then*."""
        wait = error.retry_after if error.retry_after is not None else self._pause
        self._log.info("narrator.waits", seconds=wait, reason=str(error)[:200])
        self._pause = min(self._pause * 2, MAX_PAUSE_SECONDS)
        await asyncio.sleep(wait)
        self._news.set()


async def _within(seconds: float, event: asyncio.Event) -> None:
    """Until it is set, and no longer than that."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


async def _linger(teller: asyncio.Task[None]) -> None:
    """Give it :data:`LINGER_SECONDS` more."""
    try:
        done, _ = await asyncio.wait({teller}, timeout=LINGER_SECONDS)
        if not done:
            said = f"Slack did not take the last write within {FINISH_SECONDS + LINGER_SECONDS:g} s"
            structlog.get_logger("gavel.narrator").warning("narrator.gave_up", reason=said)
    finally:
        teller.cancel()
        await asyncio.wait({teller})
    _told(teller)


def _told(teller: asyncio.Task[None]) -> None:
    if not teller.cancelled() and (error := teller.exception()) is not None:
        structlog.get_logger("gavel.narrator").error("narrator.broke", error=repr(error)[:300])
