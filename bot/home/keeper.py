"""Keeps home tabs up to date while people look at them: published when opened, then when tasks change, coalesced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.blocks.home import Home, Record, digest_of, home_view
from bot.listeners.later import Later
from bot.slack_api import SlackApi

LOOKED_AT_FOR = timedelta(minutes=30)
"""So long after a person opened it a home tab follows what happens. Slack does not say when they leave."""

PAUSE_SECONDS = 3.0
"""Between two looks at what changed: all that happens meanwhile is one publication."""

SPACING_SECONDS = 0.7
"""Between two publications: Slack takes about a hundred a minute."""

MOST_PEOPLE = 200
"""Who opened it longest ago is no longer followed; they see it fresh when they open it again."""

AWAY = "The database does not answer, so this may be out of date. `gavel doctor` says why."


class Reader(Protocol):
    async def read(self, org: str, user: str, channel: str) -> Home:
        """Raises `LedgerUnavailable`."""
        ...

    async def newest_change(self, org: str) -> int:
        """A number that grows with each change of a task of the org. Raises `LedgerUnavailable`."""
        ...


@dataclass
class _Looking:
    org: str
    channel: str
    until: datetime
    shown: str = ""
    """The digest of what was published last."""
    seen: int = -1
    """The newest change that it can know of."""


@dataclass
class HomeKeeper:
    client: SlackApi
    reader: Reader
    now: Callable[[], datetime]
    later: Later = field(default_factory=Later)
    pause: float = PAUSE_SECONDS
    _people: dict[str, _Looking] = field(default_factory=dict[str, _Looking], repr=False)
    _watching: bool = False

    def opened(self, *, org: str, user: str, channel: str) -> None:
        """A person looks at their tab, or asks for it afresh. Returns at once."""
        self._people.pop(user, None)
        self._people[user] = _Looking(org, channel, self.now() + LOOKED_AT_FOR)
        for longest_ago in list(self._people)[:-MOST_PEOPLE]:
            del self._people[longest_ago]
        self.later.do(self._publish(user), what="a home tab")
        if not self._watching:
            self._watching = True
            self.later.do(self._watch(), what="the home tabs' changes")

    async def _watch(self) -> None:
        try:
            while self._people:
                await asyncio.sleep(self.pause)
                await self._follow()
        finally:
            self._watching = False

    async def _follow(self) -> None:
        now = self.now()
        for user in [user for user, looking in self._people.items() if looking.until <= now]:
            del self._people[user]
        try:
            newest = {org: await self.reader.newest_change(org) for org in {one.org for one in self._people.values()}}
        except Exception as error:
            # It is looked at again soon, and what is shown says as of when it is.
            structlog.get_logger("gavel.home").warning("Changes could not be read.", error=type(error).__name__)
            return
        for user, looking in list(self._people.items()):
            if looking.seen != newest[looking.org]:
                await self._publish(user)
                looking.seen = newest[looking.org]
                await asyncio.sleep(SPACING_SECONDS)

    async def _publish(self, user: str) -> None:
        looking = self._people.get(user)
        if looking is None:
            return
        view = home_view(await self._read(user, looking), channel=looking.channel)
        digest = digest_of(view)
        if digest == looking.shown:
            return
        await self.client.api_call("views.publish", json={"user_id": user, "view": view})
        looking.shown = digest

    async def _read(self, user: str, looking: _Looking) -> Home:
        try:
            return await self.reader.read(looking.org, user, looking.channel)
        except Exception as error:
            structlog.get_logger("gavel.home").warning("A home tab could not be read.", error=type(error).__name__)
            return _nothing_known(self.now())


def _nothing_known(at: datetime) -> Home:
    return Home(
        waiting=[],
        hidden=0,
        running=[],
        recent=[],
        freezes=[],
        spent=[],
        record=Record(0, 0),
        days=0,
        mode="auto",
        mode_set=False,
        may_set=False,
        at=at,
        trouble=AWAY,
    )
