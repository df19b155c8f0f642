"""Home tabs that are kept up to date: what fails is tried again, and few questions are asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.blocks.home import Home, Record
from bot.home.keeper import LOOKED_AT_FOR, MOST_PEOPLE, HomeKeeper
from bot.listeners.later import Later
from tests.unit.local_slack.harness import ADA, GRACE, TEAM, Slack, until
from tools.contracts.ledger import LedgerUnavailable


@dataclass
class Books:
    """What the tabs are read from: it can be away, and counts."""

    change: int = 1
    away: bool = False
    reads: list[str] = field(default_factory=list[str])
    changes_read: int = 0
    free: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, org: str, user: str, channel: str) -> Home:
        self.reads.append(user)
        hidden = self.change
        await self.free.wait()
        if self.away:
            raise LedgerUnavailable(org)
        return Home(
            waiting=[],
            hidden=hidden,  # what a person sees of the change
            running=[],
            recent=[],
            freezes=[],
            spent=[],
            record=Record(0, 0),
            days=7,
            mode="auto",
            mode_set=False,
            may_set=False,
            may_lend=False,
            at=datetime.now(UTC),
        )

    async def newest_change(self, org: str) -> int:
        self.changes_read += 1
        return self.change


@dataclass
class Clock:
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        return self.at


@dataclass
class Kept:
    slack: Slack
    books: Books
    clock: Clock
    keeper: HomeKeeper

    def opened(self, *users: str) -> None:
        for user in users:
            self.keeper.opened(org=TEAM, user=user, channel="D1")

    async def tab(self, user: str) -> str:
        return str((await self.slack.look("state", viewer=user))["home"])

    async def shows(self, user: str, words: str) -> None:
        async def so() -> bool:
            return words in await self.tab(user)

        await until(so)

    async def publications(self) -> int:
        return (await self.slack.look("stats"))["methods"].get("views.publish", {"calls": 0})["calls"]

    async def rounds(self, count: int) -> None:
        """So many looks at what changed have begun since."""
        before = self.books.changes_read
        await until(lambda: self.books.changes_read >= before + count)


@pytest.fixture
async def kept(slack: Slack) -> AsyncGenerator[Kept]:
    books, clock = Books(), Clock()
    books.free.set()
    client: Any = slack.client
    keeper = HomeKeeper(client, books, clock.now, Later(), pause=0.05, spacing=0.01)
    yield Kept(slack, books, clock, keeper)
    clock.at += LOOKED_AT_FOR
    await until(lambda: not keeper.later.running)


async def test_a_tab_is_read_once_when_it_is_opened_and_once_for_each_change(kept: Kept) -> None:
    kept.opened(ADA)
    await kept.shows(ADA, "… and 1 more")
    await kept.rounds(4)
    assert kept.books.reads == [ADA]
    kept.books.change = 2
    await kept.shows(ADA, "… and 2 more")
    await kept.rounds(4)
    assert (kept.books.reads, await kept.publications()) == ([ADA, ADA], 2)


async def test_one_tab_that_cannot_be_shown_is_tried_again_and_stops_no_other(kept: Kept) -> None:
    kept.opened(ADA, GRACE)
    await kept.shows(ADA, "… and 1 more")
    await kept.shows(GRACE, "… and 1 more")
    await kept.slack.act("faults", fail_next=1, methods=["views.publish"])
    kept.books.change = 2
    await kept.shows(GRACE, "… and 2 more")
    assert "… and 1 more" in await kept.tab(ADA)
    await kept.rounds(4)
    assert kept.books.reads.count(ADA) == 2  # not before its time
    kept.clock.at += timedelta(seconds=1)
    await kept.shows(ADA, "… and 2 more")
    kept.books.change = 3
    await kept.shows(ADA, "… and 3 more")


async def test_a_tab_whose_first_publication_failed_is_shown_later(kept: Kept) -> None:
    await kept.slack.act("faults", fail_next=1, methods=["views.publish"])
    kept.opened(ADA)
    await until(lambda: kept.books.reads == [ADA])
    await kept.rounds(2)
    kept.clock.at += timedelta(seconds=1)
    await kept.shows(ADA, "… and 1 more")


async def test_what_could_not_be_read_says_nothing_but_that_and_is_read_again(kept: Kept) -> None:
    kept.books.away = True
    kept.opened(ADA)
    await kept.shows(ADA, "What stands here cannot be read now.")
    for claim in ("Nothing waits", "None.", "Spent", "record", "settings"):
        assert claim not in await kept.tab(ADA)
    kept.books.away = False
    kept.clock.at += timedelta(seconds=1)
    await kept.shows(ADA, "… and 1 more")
    assert "cannot be read" not in await kept.tab(ADA)


async def test_who_fails_again_and_again_is_tried_less_often(kept: Kept) -> None:
    await kept.slack.act("faults", errors_seconds=60, methods=["views.publish"])
    kept.opened(ADA)
    await until(lambda: kept.books.reads == [ADA])
    for attempt in range(1, 4):
        await kept.rounds(2)
        assert len(kept.books.reads) == attempt
        kept.clock.at += timedelta(seconds=0.05 * 2**attempt)
        await until(lambda so_many=attempt + 1: len(kept.books.reads) == so_many)


async def test_who_opens_it_again_at_once_has_one_reading_after_the_other(kept: Kept) -> None:
    await kept.slack.act("faults", slow_seconds=0.2, methods=["views.publish"])
    kept.opened(ADA, ADA, ADA)
    await kept.shows(ADA, "… and 1 more")
    await kept.rounds(6)
    assert (kept.books.reads, await kept.publications()) == ([ADA], 1)


async def test_what_was_read_earlier_is_not_shown_later(kept: Kept) -> None:
    kept.books.free.clear()
    kept.opened(ADA)
    await until(lambda: kept.books.reads == [ADA])
    kept.books.change = 2
    kept.opened(ADA)
    await kept.rounds(2)
    assert kept.books.reads == [ADA]
    kept.books.free.set()
    await kept.shows(ADA, "… and 2 more")
    await kept.rounds(2)
    assert "… and 2 more" in await kept.tab(ADA)


async def test_who_looked_longest_ago_is_followed_no_more(kept: Kept) -> None:
    kept.books.away = True
    kept.opened(ADA, *(f"U{number:09}" for number in range(MOST_PEOPLE)))
    await until(lambda: len(kept.books.reads) == MOST_PEOPLE)
    assert ADA not in kept.books.reads


async def test_when_the_bot_stops_no_tab_is_followed_any_more(kept: Kept) -> None:
    kept.opened(ADA)
    await kept.rounds(1)
    await kept.keeper.later.stop()
    assert not kept.keeper.later.running
    kept.opened(GRACE)
    await until(lambda: not kept.keeper.later.running)
    assert kept.books.reads == [ADA, GRACE], "shown what was asked for, and not kept up"
