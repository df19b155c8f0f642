"""Tokens that rotate, against the local Slack: refreshed before they end, once, and what becomes of a failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from slack_sdk.web.async_client import AsyncWebClient

from bot.keystore.ring import RingSource
from bot.ledger.database import Database
from bot.tenants.client import NotInstalled, NoToken, app_client
from bot.tenants.rotation import Tokens
from bot.tenants.store import SqlInstallations
from tests.unit.ledger.book import Book
from tests.unit.local_slack.harness import Slack, until
from tests.unit.tenants.distributed import CLIENT_ID, CLIENT_SECRET, SECOND, granted, installation_of


@dataclass
class Clock:
    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Watched(AsyncTokenRotator):
    """Keeps note of the refresh tokens that it sends, and hands on what Slack answered when it may."""

    def __init__(self, *, client_id: str, client_secret: str, client: AsyncWebClient) -> None:
        super().__init__(client_id=client_id, client_secret=client_secret, client=client)
        self.sent: list[str | None] = []
        self.answered, self.may_go_on = asyncio.Event(), asyncio.Event()

    async def perform_bot_token_rotation(self, *, bot: Bot, minutes_before_expiration: int = 120) -> Bot | None:
        """See the SDK's."""
        self.sent.append(bot.bot_refresh_token)
        rotated = await super().perform_bot_token_rotation(bot=bot, minutes_before_expiration=minutes_before_expiration)
        self.answered.set()
        await self.may_go_on.wait()
        return rotated


@dataclass
class Office:
    """An installation of the second workspace, and processes that use it."""

    slack: Slack
    book: Book
    ring: RingSource
    exits: AsyncExitStack
    clock: Clock = field(default_factory=Clock)

    def process(self, rotator: Callable[..., AsyncTokenRotator] = AsyncTokenRotator) -> Tokens:
        """With a connection of its own, as another machine has."""
        database = Database.open(self.book.url)
        self.exits.push_async_callback(database.close)
        store = SqlInstallations(database, self.ring, now=self.clock)
        refreshes = rotator(
            client_id=CLIENT_ID, client_secret=CLIENT_SECRET, client=app_client(f"{self.slack.base}/api/")
        )
        return Tokens(store, refreshes, now=self.clock, wait_seconds=5)

    async def left(self, left: timedelta) -> None:
        """From now on the token is good for so long only; a minute has gone by."""
        expires = int((self.clock() + left).timestamp())
        await self.book.sql("UPDATE slack_installations SET expires_at = :expires", expires=expires)
        self.clock.ahead += timedelta(minutes=1)

    def watched(self) -> tuple[Tokens, Watched]:
        """A process whose refreshes can be held up."""
        tokens = self.process(Watched)
        assert isinstance(tokens.rotator, Watched)
        return tokens, tokens.rotator

    @asynccontextmanager
    async def nothing_is_saved(self) -> AsyncGenerator[None]:
        """Refreshed tokens are refused by the database; installations are not."""
        if not self.book.url.startswith("sqlite"):
            pytest.skip("the trigger that refuses is written in SQLite's words")
        await self.book.sql("CREATE TRIGGER full BEFORE UPDATE OF sealed ON slack_installations "
                            "BEGIN SELECT RAISE(ABORT, 'full'); END")  # fmt: skip
        yield
        await self.book.sql("DROP TRIGGER full")

    async def refreshed(self) -> int:
        return int((await self.slack.look("distribution"))["refreshed"])

    async def works(self, token: str) -> bool:
        return await self.slack.error("auth.test", token=token) == "ok"

    async def trouble(self) -> str:
        (told,) = await self.process().store.all()
        return told.trouble


@pytest.fixture
async def office(slack: Slack, book: Book, ring: RingSource) -> AsyncGenerator[Office]:
    async with AsyncExitStack() as exits:
        office = Office(slack, book, ring, exits)
        await office.process().store.async_save(installation_of(await granted(slack, SECOND)))
        yield office


async def test_a_token_that_is_good_for_long_is_not_refreshed(office: Office) -> None:
    tokens = office.process()
    first = await tokens.token(SECOND)
    await office.left(timedelta(hours=3))
    assert (await tokens.token(SECOND), await office.refreshed()) == (first, 0)


async def test_it_is_refreshed_before_it_ends_and_every_process_gets_the_new_one(office: Office) -> None:
    one, two = office.process(), office.process()
    before = {await one.token(SECOND), await two.token(SECOND)}
    await office.left(timedelta(hours=1))
    after = {await one.token(SECOND), await two.token(SECOND), await office.process().token(SECOND)}
    assert (len(before), len(after), await office.refreshed()) == (1, 1, 1)
    assert after != before
    assert await office.works(after.pop())


@pytest.mark.parametrize("hours", [1, -1])
async def test_two_bots_at_once_refresh_once(office: Office, hours: int) -> None:
    bots = [office.process() for _ in range(4)]
    await asyncio.gather(*(bot.token(SECOND) for bot in bots))
    await office.left(timedelta(hours=hours))
    await asyncio.gather(*(bot.token(SECOND) for bot in bots for _ in range(3)))
    assert await office.refreshed() == 1
    office.clock.ahead += timedelta(minutes=1)
    tokens = set(await asyncio.gather(*(bot.token(SECOND) for bot in bots)))
    assert (len(tokens), await office.refreshed()) == (1, 1)


async def test_a_token_that_slack_says_has_ended_is_refreshed_at_once(office: Office) -> None:
    tokens = office.process()
    ended = await tokens.token(SECOND)
    await office.slack.act("expire_tokens", team=SECOND)
    anew = await tokens.token(SECOND, refused=ended)
    assert anew != ended
    assert await office.works(anew)
    assert (await office.process().token(SECOND), await office.refreshed()) == (anew, 1)


async def test_a_refresh_that_fails_is_told_and_drops_nothing(office: Office) -> None:
    tokens = office.process()
    first = await tokens.token(SECOND)
    await office.slack.act("break_refreshing", team=SECOND)
    await office.left(timedelta(hours=1))
    assert await tokens.token(SECOND) == first
    assert await office.trouble() == "Slack refused to refresh the token: invalid_refresh_token."
    await office.left(timedelta(hours=-1))
    with pytest.raises(NoToken, match="has ended, and there is no new one"):
        await tokens.token(SECOND)
    assert await tokens.store.kept(SECOND) is not None
    await tokens.store.async_save(installation_of(await granted(office.slack, SECOND)))
    tokens.forget(SECOND)
    assert await office.works(await tokens.token(SECOND))
    assert await office.trouble() == ""


async def test_slack_that_is_away_is_asked_again_later(office: Office) -> None:
    tokens = office.process()
    await tokens.token(SECOND)
    await office.slack.act("faults", errors_seconds=30)
    await office.left(timedelta(hours=1))
    await tokens.token(SECOND)
    assert "Slack refused to refresh the token" in await office.trouble()
    await office.slack.act("faults", clear=True)
    await tokens.token(SECOND)
    assert await office.refreshed() == 0, "it waits a minute while the token is good"
    office.clock.ahead += timedelta(minutes=2)
    await tokens.token(SECOND)
    assert (await office.refreshed(), await office.trouble()) == (1, "")


async def test_whoever_died_while_refreshing_holds_nobody_up_for_long(office: Office) -> None:
    dead, tokens = office.process(), office.process()
    kept = await dead.store.kept(SECOND)
    assert kept is not None
    await office.left(timedelta(hours=1))
    assert await dead.store.claim(kept, who="dead")
    assert not await tokens.store.claim(kept, who="another")
    before = await tokens.token(SECOND)
    office.clock.ahead += timedelta(minutes=2)
    assert await tokens.token(SECOND) != before


async def test_what_was_refreshed_while_the_database_is_away_is_not_lost(office: Office) -> None:
    tokens = office.process()
    first = await tokens.token(SECOND)
    await office.left(timedelta(hours=1))
    kept = await tokens.store.kept(SECOND)
    assert kept is not None
    async with office.nothing_is_saved():
        assert await tokens.token(SECOND) == first
    office.clock.ahead += timedelta(minutes=2)
    anew = await tokens.token(SECOND)
    assert anew != first
    assert (await office.works(anew), await office.refreshed()) == (True, 1)


async def test_a_tenant_that_did_not_install_has_no_token(office: Office) -> None:
    with pytest.raises(NotInstalled, match="not installed in workspace T0NOBODY"):
        await office.process().token("T0NOBODY")


async def test_a_database_that_is_away_leaves_what_was_read_in_use(office: Office) -> None:
    tokens = office.process()
    first = await tokens.token(SECOND)
    await office.book.sql("ALTER TABLE slack_installations RENAME TO away")
    office.clock.ahead = timedelta(minutes=5)
    assert await tokens.token(SECOND) == first
    with pytest.raises(NoToken, match="could not be read"):
        await tokens.token(SECOND, refused=first)


async def cancelled(caller: asyncio.Task[str]) -> None:
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller


async def test_a_caller_that_is_cancelled_while_slack_is_asked_loses_nothing(office: Office) -> None:
    tokens, watched = office.watched()
    watched.may_go_on.set()
    first = await tokens.token(SECOND)
    await office.left(timedelta(hours=-1))
    await office.slack.act("faults", slow_seconds=0.5, methods=["oauth.v2.access"])
    caller = asyncio.create_task(tokens.token(SECOND))
    await until(lambda: bool(watched.sent))
    await cancelled(caller)
    anew = await tokens.token(SECOND)
    assert anew != first
    assert await office.works(anew)
    assert (len(watched.sent), await office.refreshed(), await office.trouble()) == (1, 1, "")


async def test_a_caller_that_is_cancelled_once_slack_has_answered_loses_nothing(office: Office) -> None:
    tokens, watched = office.watched()
    await office.left(timedelta(hours=1))
    caller = asyncio.create_task(tokens.token(SECOND))
    await watched.answered.wait()
    await cancelled(caller)
    following = asyncio.create_task(tokens.token(SECOND))
    await asyncio.sleep(0.1)
    await cancelled(following)  # nor does one that waits for it
    watched.may_go_on.set()
    anew = await tokens.token(SECOND)
    assert (len(watched.sent), await office.refreshed()) == (1, 1)
    assert await office.works(anew)
    assert await office.process().token(SECOND) == anew


async def test_a_process_that_stops_keeps_what_it_is_refreshing(office: Office) -> None:
    tokens, watched = office.watched()
    await office.left(timedelta(hours=-1))
    caller = asyncio.create_task(tokens.token(SECOND))
    await watched.answered.wait()
    await cancelled(caller)
    asyncio.get_running_loop().call_later(0.2, watched.may_go_on.set)
    await tokens.finished()
    assert await office.works(await office.process().token(SECOND))
    assert await office.refreshed() == 1


async def test_what_was_refreshed_does_not_overwrite_an_installation_made_meanwhile(office: Office) -> None:
    tokens, watched = office.watched()
    await office.left(timedelta(hours=1))
    caller = asyncio.create_task(tokens.token(SECOND))
    await watched.answered.wait()
    assert await tokens.store.remove(SECOND)
    anew = installation_of(await granted(office.slack, SECOND))
    await tokens.store.async_save(anew)
    tokens.forget(SECOND)
    watched.may_go_on.set()
    assert await caller == anew.bot_token
    assert await office.process().token(SECOND) == anew.bot_token


async def test_what_could_not_be_saved_is_forgotten_with_its_installation(office: Office) -> None:
    tokens = office.process()
    first = await tokens.token(SECOND)
    await office.left(timedelta(hours=1))
    async with office.nothing_is_saved():
        assert await tokens.token(SECOND) == first
        assert await office.refreshed() == 1
    anew = installation_of(await granted(office.slack, SECOND))
    await tokens.store.async_save(anew)
    tokens.forget(SECOND)
    async with office.book.database.writing("somebody else"):  # there is nothing to be written that would wait for it
        assert await tokens.token(SECOND) == anew.bot_token
