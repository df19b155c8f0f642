"""Whose thread it is: a slash command has no message, so its task opens a thread, and is not named after it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackClientError

from bot.intake import HandOverFailed
from bot.slack_api import SlackApi
from bot.slack_web import child, listed
from bot.thread import EVENT_TYPE, ROOT

LOOK_SECONDS = 1.5
"""Of the three that Slack gives to acknowledge: Temporal has been asked before, and is asked again."""

OpenerOf = Callable[[str, str], Awaitable[str | None]]
"""Channel and thread → the task that opened the thread; None: none did."""


@dataclass(frozen=True)
class Openers:
    """Reads it from the thread's first message: the task's id stands in its metadata, which only we can have written
    on a message of ours."""

    api: SlackApi
    bot_id: str

    async def opener_of(self, channel: str, thread_ts: str) -> str | None:
        """Raises :class:`HandOverFailed` when Slack does not say."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                answer = await self.api.api_call(
                    "conversations.replies",
                    params={"channel": channel, "ts": thread_ts, "limit": 1, "include_all_metadata": True},
                )
        except (SlackClientError, aiohttp.ClientError, TimeoutError) as error:
            raise HandOverFailed(f"Slack did not say whose thread this is: {type(error).__name__}") from error
        for first in listed(answer.get("messages"))[:1]:
            mark = child(first, "metadata")
            payload = child(mark, "event_payload")
            ours = first.get("bot_id") == self.bot_id and mark.get("event_type") == EVENT_TYPE
            if ours and payload.get("key") == ROOT:
                return str(payload.get("task") or "") or None
        return None
