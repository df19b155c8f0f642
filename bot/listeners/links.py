"""Links to tasks that people post: a small card under each, which says no more than may be read where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote

from bot.blocks.tasks import Listed, task_link_card, task_link_elsewhere
from bot.listeners.later import Later
from bot.listeners.orgs import org_of
from bot.slack_api import SlackApi
from bot.slack_web import child, listed
from tools.contracts.common import JsonObject

MOST_LINKS = 5
_TASK = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


class Placed(Listed, Protocol):
    """A task, and where it was asked for: `bot.tasks.board.TaskEntry`."""

    @property
    def channel(self) -> str: ...


class TaskFinder(Protocol):
    async def one(self, org: str, task_id: str) -> Placed | None:
        """Raises `LedgerUnavailable`."""
        ...

    async def is_open(self, channel: str) -> bool:
        """See `bot.tasks.seeing.Rooms`."""
        ...


@dataclass(frozen=True)
class LinkListeners:
    tasks: TaskFinder
    api: SlackApi
    org: str | None
    base: str
    """Where every link to a task begins."""
    later: Later

    async def on_links(self, body: dict[str, Any]) -> None:
        """`link_shared`. Returns at once: a card that comes late, or not at all, harms nobody."""
        self.later.do(self._unfurl(body), what="the card of a link")

    async def _unfurl(self, body: dict[str, Any]) -> None:
        event = child(body, "event")
        org = org_of(body, self.org)
        channel = str(event.get("channel") or "")
        cards: JsonObject = {}
        for link in listed(event.get("links"))[:MOST_LINKS]:
            url = str(link.get("url") or "")
            blocks = await self._card(org, channel, url)
            if blocks is not None:
                cards[url] = {"blocks": blocks}
        if not cards:
            return
        where: JsonObject = {"channel": channel, "ts": event.get("message_ts")}
        if event.get("unfurl_id") and event.get("source"):
            # Before a message is sent it has no channel and no ts.
            where = {"unfurl_id": event["unfurl_id"], "source": event["source"]}
        await self.api.api_call("chat.unfurl", json={**where, "unfurls": cards})

    async def _card(self, org: str, channel: str, url: str) -> list[JsonObject] | None:
        """None: nothing of it may be shown there, not even whether there is such a task."""
        if not url.startswith(self.base):
            return None
        task_id = unquote(url[len(self.base) :]).strip("/")
        if _TASK.fullmatch(task_id) is None:
            return None
        task = await self.tasks.one(org, task_id)
        if task is None:
            return None
        if channel and task.channel == channel:
            return task_link_card(task)
        # Elsewhere: not its words. Slack names the channel to those alone who may see it.
        if await self.tasks.is_open(task.channel) and await self.tasks.is_open(channel):
            return task_link_elsewhere(task, task.channel)
        return None
