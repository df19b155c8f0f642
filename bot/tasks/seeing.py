"""Who may see a task: who asked, who is where it was asked, and whoever holds a role where everybody can look in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackClientError

from bot.slack_api import SlackApi
from bot.slack_web import child
from bot.tasks.board import TaskEntry

LOOK_SECONDS = 1.5
"""Of the three in which Slack wants an answer."""

MOST = 20
"""Channels looked at for one answer."""


@dataclass(frozen=True)
class Rooms:
    """Asks Slack what kind of place a channel is. What it does not say is closed."""

    client: SlackApi

    async def is_open(self, channel: str) -> bool:
        """Whether every member of the workspace can read it, and nobody else: public, of this workspace, unarchived or
        not. False in doubt."""
        if not channel.startswith(("C", "G")):
            return False
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                answer = await self.client.api_call("conversations.info", params={"channel": channel})
        except (SlackClientError, aiohttp.ClientError, OSError, TimeoutError):
            return False
        info = child({"channel": answer.get("channel")}, "channel")
        shared = info.get("is_ext_shared") or info.get("is_pending_ext_shared") or info.get("is_org_shared")
        return info.get("is_private") is False and not shared

    async def visible(
        self, tasks: Sequence[TaskEntry], *, user: str, roles: Collection[str], here: str
    ) -> list[TaskEntry]:
        """Those that this person may see. `here`: the channel they are in."""
        return await visible(tasks, user=user, roles=roles, here=here, is_open=self.is_open)


async def visible(
    tasks: Sequence[TaskEntry],
    *,
    user: str,
    roles: Collection[str],
    here: str,
    is_open: Callable[[str], Awaitable[bool]],
) -> list[TaskEntry]:
    """See :meth:`Rooms.visible`. `is_open`: whether everybody in the workspace can read a channel."""
    elsewhere = list(
        dict.fromkeys(task.channel for task in tasks if roles and task.channel != here and task.user != user)
    )[:MOST]
    answers = await asyncio.gather(*(is_open(channel) for channel in elsewhere))
    open_ones = {channel for channel, said in zip(elsewhere, answers, strict=True) if said}
    if here:  # a task of no channel was not asked for where nobody is
        open_ones.add(here)
    return [task for task in tasks if task.user == user or task.channel in open_ones]
