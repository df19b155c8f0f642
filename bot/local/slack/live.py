"""Server-sent events: every change, as it happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from aiohttp import web

from bot.local.slack.messages import Change
from bot.local.slack.render import seen_by, view_of
from bot.local.slack.workspace import Workspace
from tools.contracts.common import JsonObject

QUEUE_SIZE = 2000
"""A reader this far behind is cut off; it reconnects and loads afresh."""
KEEPALIVE_SECONDS = 15.0


class LiveFeed:
    """`GET /local/stream?viewer=`: what `viewer` would see; with no viewer, everything."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._readers: set[asyncio.Queue[JsonObject | None]] = set()
        self._seq = 0
        workspace.listen(self._changed)

    def _changed(self, change: Change) -> None:
        self._seq += 1
        message = change.message
        event: JsonObject = {
            "seq": self._seq,
            "kind": change.kind,
            "channel": change.channel,
            "ts": message.ts if message else None,
            "thread_ts": message.thread_ts if message else None,
            "message": view_of(self._workspace, message) if message else None,
            "user": change.user or (message.ephemeral_to if message else None),
            "detail": change.detail,
        }
        for queue in list(self._readers):
            if queue.full():
                self._readers.discard(queue)
                queue.get_nowait()
                queue.put_nowait(None)
            else:
                queue.put_nowait(event)

    def _filter(self, viewer: str | None) -> Callable[[JsonObject], bool]:
        def shows(event: JsonObject) -> bool:
            if viewer is None:
                return True
            message = self._workspace.message(str(event["channel"]), str(event["ts"]))
            if event["kind"] in {"view", "home", "notice"}:
                return event["user"] == viewer
            channel = self._workspace.channels.get(str(event["channel"]))
            if channel is not None and viewer not in channel.members:
                return False
            return message is None or seen_by(message, viewer)

        return shows

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One reader, until it goes away."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        await response.prepare(request)
        shows = self._filter(request.query.get("viewer"))
        queue: asyncio.Queue[JsonObject | None] = asyncio.Queue(QUEUE_SIZE)
        self._readers.add(queue)
        try:
            await response.write(b"retry: 1000\n: hello\n\n")
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), KEEPALIVE_SECONDS)
                except TimeoutError:
                    await response.write(b": still here\n\n")
                    continue
                if event is None:
                    break
                if shows(event):
                    data = json.dumps(event)
                    await response.write(f"id: {event['seq']}\ndata: {data}\n\n".encode())
        except ConnectionError:
            return response  # the reader went away
        finally:
            self._readers.discard(queue)
        return response

    def close(self) -> None:
        """End every stream: the server goes away."""
        for queue in self._readers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(None)
