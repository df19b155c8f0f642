"""Socket Mode that ends as it should: what was taken in is acknowledged before the socket closes."""

from __future__ import annotations

import asyncio

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

DRAIN_SECONDS = 3.0
"""Slack waits no longer for an acknowledgement."""


class SocketMode(AsyncSocketModeHandler):
    """Bolt's handler, which knows what it has not answered yet."""

    def __init__(self, app: AsyncApp, *, app_token: str) -> None:
        self._unanswered = 0
        self._idle = asyncio.Event()
        self._idle.set()
        super().__init__(app, app_token)

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:
        self._unanswered += 1
        self._idle.clear()
        try:
            await super().handle(client, req)
        finally:
            self._unanswered -= 1
            if not self._unanswered:
                self._idle.set()

    async def drain_and_close(self) -> None:
        """Take nothing more in, which Slack then sends elsewhere or again; answer what was taken; close."""
        self.client.socket_mode_request_listeners.clear()
        try:
            await asyncio.wait_for(self._idle.wait(), DRAIN_SECONDS)
        except TimeoutError:
            pass
        finally:
            await self.close_async()
