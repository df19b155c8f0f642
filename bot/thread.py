"""Writing into a task's thread, so that a retry after a crash never says a thing twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks.message import Message
from bot.pacing import Haste, Pacer
from bot.slack_web import SlackRefused, SlackRetryable, SlackWeb, child, ignore, listed
from tools.contracts.common import JsonObject

__all__ = ["SlackRefused", "SlackRetryable", "ThreadRef", "ThreadWriter", "metadata_of"]

EVENT_TYPE = "gavel_message"
"""Of the metadata on every message Gavel posts into a thread."""

ROOT = "root"
"""The key of a message that opens a thread for a task which has no message to work under."""

PAGE = 200
MAX_PAGES = 25

_QUIET: JsonObject = {"parse": "none", "link_names": False}
"""Slack makes no mention or link out of plain words."""


@dataclass(frozen=True)
class ThreadRef:
    """Where a task speaks."""

    team: str
    channel: str
    thread_ts: str | None
    """None: not in a thread; a message posted here opens one."""
    recipient_user: str | None = None
    """Who asked: Slack streams to a person. None for alerts, which are edited in place instead."""


def metadata_of(task_id: str, key: str) -> JsonObject:
    """What marks a message as the one with this key of this task."""
    return {"event_type": EVENT_TYPE, "event_payload": {"task": task_id, "key": key}}


class ThreadWriter:
    """Posts, edits and whispers as one bot. Every method raises `SlackRetryable` (Slack is away, or asks to wait: try
    again, with `check_first`) or `SlackRefused` (final)."""

    def __init__(self, client: AsyncWebClient, *, bot_id: str, pacer: Pacer) -> None:
        """`bot_id`: ours (`auth.test`), `B…`: only our own messages count as already posted."""
        self.web = SlackWeb(client, pacer=pacer)
        """For what is not a whole message: streams."""
        self._bot_id = bot_id

    async def post_once(
        self,
        thread: ThreadRef,
        message: Message,
        *,
        key: str,
        task_id: str,
        check_first: bool,
        haste: Haste = "now",
        on_turn: Callable[[], None] = ignore,
    ) -> str:
        """Post the message with this key, or make the one that is there say this; its ts.

        `check_first`: an earlier attempt may have posted it (activity attempt above 1), so look. `on_turn`: as
        `SlackWeb.write` has it.
        """
        if check_first:
            posted = await self.find(thread, task_id=task_id, key=key)
            if posted is not None:
                # What that attempt came to may not be what this one did: a model does not answer twice the same.
                await self.update(thread.channel, posted, message, haste=haste, on_turn=on_turn)
                return posted
        arguments: JsonObject = {
            "channel": thread.channel,
            "thread_ts": thread.thread_ts,
            "text": message.text,
            "blocks": message.blocks,
            "metadata": metadata_of(task_id, key),
            "unfurl_links": False,
            "unfurl_media": False,
        }
        answer = await self.web.write("chat.postMessage", arguments | _QUIET, haste=haste, on_turn=on_turn)
        return str(answer["ts"])

    async def update(
        self,
        channel: str,
        ts: str,
        message: Message | Callable[[], Message],
        *,
        metadata: JsonObject | None = None,
        haste: Haste = "now",
        on_turn: Callable[[], None] = ignore,
    ) -> None:
        """Replace what one of our messages says. Without `metadata` its key stays. Doing it twice is harmless.

        `message`: a function is asked when the write has its turn. `on_turn`: as `SlackWeb.write` has it.
        """

        def latest() -> JsonObject:
            said = message if isinstance(message, Message) else message()
            return {"text": said.text, "blocks": said.blocks}

        arguments: JsonObject = {"channel": channel, "ts": ts, "metadata": metadata}
        await self.web.write("chat.update", arguments | _QUIET, haste=haste, on_turn=on_turn, latest=latest)

    async def tell(self, thread: ThreadRef, user: str, message: Message) -> None:
        """Say something to one person only. Slack does not keep it: it may be lost, or seen twice after a crash."""
        arguments: JsonObject = {
            "channel": thread.channel,
            "thread_ts": thread.thread_ts,
            "user": user,
            "text": message.text,
            "blocks": message.blocks,
        }
        # It answers what they did: nobody is told something that they do not wait for.
        await self.web.write("chat.postEphemeral", arguments | _QUIET, haste="at_once")

    async def direct_channel(self, user: str) -> str:
        """The channel of our direct messages with this person."""
        opened = await self.web.read("conversations.open", {"users": user})
        return str(child(opened, "channel").get("id", ""))

    async def find(self, thread: ThreadRef, *, task_id: str, key: str) -> str | None:
        """The ts of our message with this key, or None when there is none."""
        wanted = metadata_of(task_id, key)
        async for message in self.own_messages(thread):
            if child(message, "metadata") == wanted:
                return str(message["ts"])
        return None

    async def own_messages(self, thread: ThreadRef, *, oldest: str | None = None) -> AsyncIterator[JsonObject]:
        """Our messages in the thread, oldest first. For a ref without a thread: in the channel, newest first.

        Raises `SlackRetryable` when a thread is longer than what can be looked through: a message that was not seen
        must not be posted again.
        """
        method = "conversations.history" if thread.thread_ts is None else "conversations.replies"
        arguments: JsonObject = {
            "channel": thread.channel,
            "ts": thread.thread_ts,
            "oldest": oldest,
            "inclusive": True,
            "limit": PAGE,
            "include_all_metadata": True,
        }
        for _ in range(MAX_PAGES):
            body = await self.web.read(method, arguments)
            for message in listed(body.get("messages")):
                if message.get("bot_id") == self._bot_id:
                    yield message
            arguments["cursor"] = child(body, "response_metadata").get("next_cursor")
            if not arguments["cursor"]:
                return
        if thread.thread_ts is not None:
            raise SlackRetryable(f"the thread has more than {MAX_PAGES * PAGE} messages")
