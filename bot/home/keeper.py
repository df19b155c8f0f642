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

MOST_PAUSE = timedelta(minutes=1)
"""Between two attempts at a home tab that Slack or the database does not let us show."""

AWAY = "What stands here cannot be read now. It is tried again; `gavel doctor` says why."


class Reader(Protocol):
    async def read(self, org: str, user: str, channel: str) -> Home:
        """Raises `LedgerUnavailable`."""
        ...

    async def newest_change(self, org: str) -> int:
        """A number that grows with each change of a task of the org. Raises `LedgerUnavailable`."""
        ...


NOTHING = -1


@dataclass
class _Looking:
    org: str
    channel: str
    until: datetime
    shown: str = ""
    """The digest of what was published last."""
    seen: int = NOTHING
    """The newest change that what is shown knows of."""
    failed: int = 0
    """Attempts in a row that came to nothing."""
    again_at: datetime | None = None
    """Not before; None: at once."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One attempt at a time, so that what is read later is shown later."""


@dataclass
class HomeKeeper:
    client: SlackApi
    reader: Reader
    now: Callable[[], datetime]
    later: Later
    pause: float = PAUSE_SECONDS
    spacing: float = SPACING_SECONDS
    _people: dict[str, _Looking] = field(default_factory=dict[str, _Looking], repr=False)
    _watching: bool = False

    def opened(self, *, org: str, user: str, channel: str) -> None:
        """A person looks at their tab, or asks for it afresh. Returns at once."""
        before = self._people.pop(user, None)
        looking = _Looking(org, channel, self.now() + LOOKED_AT_FOR)
        if before is not None:
            looking.turn = before.turn
        self._people[user] = looking
        for longest_ago in list(self._people)[:-MOST_PEOPLE]:
            del self._people[longest_ago]
        self.later.do(self._show(user, looking), what="a home tab")
        if not self._watching:
            self._watching = True
            self.later.follow(self._watch(), what="the home tabs' changes")

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
            change = newest.get(looking.org, looking.seen)  # who came meanwhile is looked at the next time
            # Who has it read and shown this moment gets the newest there.
            waits = looking.turn.locked() or (looking.again_at is not None and now < looking.again_at)
            if looking.seen != change and not waits:
                await self._show(user, looking, change=change)
                await asyncio.sleep(self.spacing)

    async def _show(self, user: str, looking: _Looking, *, change: int | None = None) -> None:
        """`change`: the newest, where it was read just now. Never raises: one tab is not to stop all others."""
        async with looking.turn:
            if self._people.get(user) is not looking:
                return  # opened anew, or followed no more
            home, seen = await self._read(user, looking, change)
            view = home_view(home, channel=looking.channel)
            digest = digest_of(view)
            try:
                if digest != looking.shown:
                    await self.client.api_call("views.publish", json={"user_id": user, "view": view})
                    looking.shown = digest
            except Exception as error:
                structlog.get_logger("gavel.home").warning("A home tab was not shown.", error=type(error).__name__)
                seen = NOTHING
            looking.seen = seen
            looking.failed = looking.failed + 1 if seen == NOTHING else 0
            if looking.failed:
                looking.again_at = self.now() + min(
                    MOST_PAUSE, timedelta(seconds=self.pause * 2 ** min(looking.failed, 8))
                )

    async def _read(self, user: str, looking: _Looking, change: int | None) -> tuple[Home, int]:
        """What to show, and the newest change that it knows of."""
        try:
            if change is None:
                # Before: what happens while it is read is then seen as newer.
                change = await self.reader.newest_change(looking.org)
            return await self.reader.read(looking.org, user, looking.channel), change
        except Exception as error:
            structlog.get_logger("gavel.home").warning("A home tab could not be read.", error=type(error).__name__)
            return _nothing_known(self.now()), NOTHING


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
        may_lend=False,
        at=at,
        trouble=AWAY,
        known=False,
    )
