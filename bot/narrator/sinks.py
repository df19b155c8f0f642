"""The two ways progress reaches Slack: a native stream, or one message that is edited in place."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

from bot.blocks.files import files_row
from bot.blocks.message import Message
from bot.narrator.board import Board
from bot.narrator.render import ChunkWriter, Headline, as_message
from bot.pacing import Haste
from bot.slack_web import SlackRefused, SlackRetryable, child, ignore
from bot.thread import ThreadRef, ThreadWriter, metadata_of
from tools.contracts.common import JsonObject

ROLL_OVER_SECONDS = 240.0
"""Slack closes a stream after about five minutes."""

CLOSED = frozenset({"message_not_in_streaming_state", "streaming_state_conflict"})
"""The stream is over already: Slack closed it. The message can still be edited."""


@dataclass(frozen=True)
class Subject:
    """Which narration of which task, and where."""

    thread: ThreadRef
    task_id: str
    key: str
    headline: Headline

    @property
    def metadata(self) -> JsonObject:
        return metadata_of(self.task_id, self.key)


class Sink(Protocol):
    """Brings the board to Slack. Every method may raise SlackRetryable or SlackRefused, and may then be called
    again."""

    async def write(self, board: Board, *, haste: Haste, on_turn: Callable[[], None]) -> None:
        """Show how things stand. `on_turn`: called when it is about to be written; until then it may be cancelled."""
        ...

    async def finish(self, board: Board, *, failed: bool) -> None:
        """Show how things ended, for good."""
        ...


async def find_message(writer: ThreadWriter, subject: Subject, *, oldest: str | None = None) -> str | None:
    """The message an earlier attempt left: by its key, or by the ref in the title of a stream that never ended.

    Of several parts the last one."""
    found: str | None = None
    async for message in writer.own_messages(subject.thread, oldest=oldest):
        if child(message, "metadata") == subject.metadata or _plan_title_has(message, subject.headline.ref):
            found = str(message["ts"])
    return found


class StreamSink:
    """`chat.startStream`, `appendStream`, `stopStream`: each row a task of one plan. The turn for its start is claimed
    by whoever makes it."""

    def __init__(self, writer: ThreadWriter, subject: Subject, *, on_ts: Callable[[str], None]) -> None:
        self._writer = writer
        self._subject = subject
        self._on_ts = on_ts
        self._chunks = ChunkWriter()
        self._part = 1
        self._claimed = True
        self.perhaps_started = False
        """The answer to a start was lost: Slack may be showing a stream whose ts is not known."""
        self.ts: str | None = None

    async def write(self, board: Board, *, haste: Haste = "now", on_turn: Callable[[], None] = ignore) -> None:
        if self.ts is not None and time.time() - float(self.ts) > ROLL_OVER_SECONDS:
            await self._roll_over(board)
        title = self._subject.headline.running(self._part)
        if self.ts is None:
            await self._start(title, board, haste=haste, on_turn=on_turn)
        elif self._chunks.changes(title, board.rows()):
            await self._call("chat.appendStream", {"ts": self.ts}, title, board, haste=haste, on_turn=on_turn)

    async def finish(self, board: Board, *, failed: bool) -> None:
        title = self._subject.headline.over(board, failed=failed)
        if self.ts is None:
            await self.write(board)
        elif not self._writer.web.is_free("chat.stopStream") and self._chunks.changes(title, board.rows()):
            # Many end at once: how it ended is shown now, and the stream is closed when it has its turn.
            await self._call("chat.appendStream", {"ts": self.ts}, title, board, haste="now")
        await self._stop(title, board, below=[files_row(self._subject.task_id)])

    async def _start(self, title: str, board: Board, *, haste: Haste, on_turn: Callable[[], None]) -> None:
        if self.perhaps_started:
            self.ts = await find_message(self._writer, self._subject)
            if self.ts is not None:
                self._on_ts(self.ts)
                return
        thread = self._subject.thread
        arguments: JsonObject = {
            "thread_ts": thread.thread_ts,
            "recipient_team_id": thread.team,
            "recipient_user_id": thread.recipient_user,
            "task_display_mode": "plan",
        }
        try:
            answer = await self._call("chat.startStream", arguments, title, board, haste=haste, on_turn=on_turn)
        except SlackRetryable as error:
            self.perhaps_started = error.retry_after is None
            raise
        self.ts = str(answer["ts"])
        self.perhaps_started = False
        self._on_ts(self.ts)

    async def _stop(self, title: str, board: Board, *, below: list[JsonObject] | None = None) -> None:
        arguments: JsonObject = {"ts": self.ts, "metadata": self._subject.metadata, "blocks": below}
        await self._call("chat.stopStream", arguments, title, board, haste="now")

    async def _roll_over(self, board: Board) -> None:
        """End this stream before Slack does, and go on in a new one with what is still open."""
        await self._stop(self._subject.headline.continued(self._part), board)
        self._part += 1
        self.ts = None
        self._chunks = self._chunks.continued()

    async def _call(
        self,
        method: str,
        arguments: JsonObject,
        title: str,
        board: Board,
        *,
        haste: Haste,
        on_turn: Callable[[], None] = ignore,
    ) -> JsonObject:
        said: list[JsonObject] = []

        def latest() -> JsonObject:
            self._claimed = False  # not before: a write that is begun anew while it waits still has its claim
            said.extend(self._chunks.changes(title, board.rows()))
            if method == "chat.appendStream" and not said:  # it changed back while this waited, and empty is refused
                said.append({"type": "plan_update", "title": title})
            return {"chunks": said or None}

        given = {"channel": self._subject.thread.channel, **arguments}
        answer = await self._writer.web.write(
            method, given, haste=haste, claimed=self._claimed, on_turn=on_turn, latest=latest
        )
        self._chunks.sent(said)
        return answer


class EditedSink:
    """One message, posted once and then edited. Each edit shows everything, so none can be missed or doubled."""

    def __init__(
        self,
        writer: ThreadWriter,
        subject: Subject,
        *,
        on_ts: Callable[[str], None],
        ts: str | None,
        check_first: bool,
    ) -> None:
        """`ts`: a message to go on with, perhaps a stream that never ended."""
        self._writer = writer
        self._subject = subject
        self._on_ts = on_ts
        self._check_first = check_first
        self._shown: Message | None = None
        self._perhaps_streaming = ts is not None
        self.ts = ts

    async def write(self, board: Board, *, haste: Haste = "now", on_turn: Callable[[], None] = ignore) -> None:
        headline = self._subject.headline
        await self._show(lambda: as_message(headline.running(1), board.rows()), haste=haste, on_turn=on_turn)

    async def finish(self, board: Board, *, failed: bool) -> None:
        headline = self._subject.headline
        below = files_row(self._subject.task_id)
        await self._show(
            lambda: as_message(headline.over(board, failed=failed), board.rows(), below=below), haste="now"
        )

    async def _show(self, now: Callable[[], Message], *, haste: Haste, on_turn: Callable[[], None] = ignore) -> None:
        if self._shown == now():
            return
        if self.ts is None and self._check_first:
            self.ts = await find_message(self._writer, self._subject)
            self._perhaps_streaming = self.ts is not None
        if self.ts is None:
            self._check_first = True  # should the answer be lost, the next attempt looks before it posts
            shown, subject = now(), self._subject
            self.ts = await self._writer.post_once(
                subject.thread,
                shown,
                key=subject.key,
                task_id=subject.task_id,
                check_first=False,
                haste=haste,
                on_turn=on_turn,
            )
        else:
            await self._close_stream(self.ts)
            shown = await self._edit(self.ts, now, haste=haste, on_turn=on_turn)
        self._shown = shown
        self._on_ts(self.ts)

    async def _edit(self, ts: str, now: Callable[[], Message], *, haste: Haste, on_turn: Callable[[], None]) -> Message:
        """What the message says now."""
        said: list[Message] = []

        def latest() -> Message:
            said.append(now())
            return said[-1]

        channel, metadata = self._subject.thread.channel, self._subject.metadata
        await self._writer.update(channel, ts, latest, metadata=metadata, haste=haste, on_turn=on_turn)
        return said[-1]

    async def _close_stream(self, ts: str) -> None:
        """A message that still streams cannot be edited."""
        if not self._perhaps_streaming:
            return
        try:
            await self._writer.web.write("chat.stopStream", {"channel": self._subject.thread.channel, "ts": ts})
        except SlackRefused as refused:
            if refused.error not in CLOSED:
                raise
        self._perhaps_streaming = False


def _plan_title_has(message: JsonObject, ref: str) -> bool:
    found: Any = message.get("blocks")
    blocks = cast("list[object]", found) if isinstance(found, list) else []
    plans = [cast("JsonObject", block) for block in blocks if isinstance(block, dict)]
    return any(block.get("type") == "plan" and f"· {ref}" in str(block.get("title")) for block in plans)
