"""The token of a tenant as it is now: refreshed before it expires, by one process, for all.

Slack's refresh tokens are good once. Who wants to refresh takes a lease on the installation in SQL first; the others
use the token there is, or wait for the new one where it has expired. The SDK's rotator does the refreshing, in a task
that nobody's cancellation ends: once Slack has answered, what it answered is the only token there is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

import aiohttp
import structlog
from slack_sdk.errors import SlackTokenRotationError
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator

from bot.keystore.sealing import KeyUnreadable
from bot.settings import SettingsError
from bot.slack_api import name_of
from bot.tenants.client import NotInstalled, NoToken
from bot.tenants.store import Kept, SqlInstallations
from tools.contracts.ledger import LedgerUnavailable

AHEAD = timedelta(hours=2)
"""So long before it expires a token is refreshed: time enough for Slack to come back."""

FRESH = timedelta(seconds=20)
"""So long what was read is used without looking again."""

PAUSE = timedelta(minutes=1)
"""After a refresh that failed, before the next, while the token is good."""

WAIT_SECONDS = 20.0
"""For another process that is refreshing a token which has expired."""

LAST_SECONDS = 10.0
"""So long a process that stops waits for what it is refreshing."""

_FOREVER_MINUTES = 10**7
"""The rotator refreshes what expires within so long: anything."""


@dataclass
class _Held:
    kept: Kept
    read_at: datetime


@dataclass
class Tokens:
    """Of one process. Every method raises :class:`NotInstalled` and :class:`NoToken`, nothing else."""

    store: SqlInstallations
    rotator: AsyncTokenRotator
    now: Callable[[], datetime]
    wait_seconds: float = WAIT_SECONDS
    who: str = field(default_factory=lambda: uuid4().hex)
    _held: dict[str, _Held] = field(default_factory=dict[str, "_Held"], init=False, repr=False)
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict[str, asyncio.Lock], init=False, repr=False)
    _unsaved: dict[str, tuple[Kept, Bot]] = field(default_factory=dict[str, "tuple[Kept, Bot]"], init=False, repr=False)
    """Refreshed at Slack, and not yet in SQL: the old refresh token is good for nothing any more."""
    _refreshing: dict[str, asyncio.Task[bool]] = field(
        default_factory=dict[str, "asyncio.Task[bool]"], init=False, repr=False
    )
    """Tenant → what goes on whoever is cancelled meanwhile. One at a time for each of them."""
    _tried: dict[str, datetime] = field(default_factory=dict[str, datetime], init=False, repr=False)

    async def token(self, org: str, *, refused: str | None = None) -> str:
        """The access token. `refused`: one that Slack said has ended; another is answered, or it is refreshed."""
        return (await self.bot(org, refused=refused)).bot_token

    async def bot(self, org: str, *, refused: str | None = None) -> Bot:
        """The installation's bot, with a token that is good."""
        held = self._held.get(org)
        if held is not None and self._serves(held, refused):
            return held.kept.bot
        async with self._turns.setdefault(org, asyncio.Lock()):
            held = self._held.get(org)  # whoever had the turn before has perhaps done it
            if held is None or not self._serves(held, refused):
                held = await self._looked(org, refused, held)
            return held.kept.bot

    def forget(self, org: str) -> None:
        """It was installed anew, or removed."""
        self._held.pop(org, None)
        self._tried.pop(org, None)
        self._unsaved.pop(org, None)

    async def finished(self) -> None:
        """Wait for what is being refreshed now, before the database is closed."""
        if self._refreshing:
            await asyncio.wait([*self._refreshing.values()], timeout=LAST_SECONDS)

    def _serves(self, held: _Held, refused: str | None) -> bool:
        looked = self.now() - held.read_at < FRESH
        return looked and held.kept.bot.bot_token != refused and not self._due(held.kept.bot, refused)

    async def _looked(self, org: str, refused: str | None, held: _Held | None) -> _Held:
        try:
            return await self._look(org, refused)
        except LedgerUnavailable as error:
            # What was read before is good until Slack says otherwise.
            if held is not None and not self._over(held.kept.bot, refused):
                return held
            raise NoToken(f"{error} Nothing can be said in workspace {org} until they can.") from error
        except (KeyUnreadable, SettingsError) as error:
            raise NoToken(
                f"The tokens of workspace {org} cannot be opened: {error}. Install the app there again."
            ) from error

    async def _look(self, org: str, refused: str | None) -> _Held:
        kept = await self._read(org)
        if self._due(kept.bot, refused) and self._may_try(kept, refused):
            kept = await self._refresh(kept, refused)
        if self._over(kept.bot, refused):
            raise NoToken(
                f"The token of workspace {org} has ended, and there is no new one. `gavel doctor` says why; "
                "installing the app there again makes a new one."
            )
        held = self._held[org] = _Held(kept, self.now())
        return held

    async def _read(self, org: str) -> Kept:
        if (begun := self._refreshing.get(org)) is not None:
            await asyncio.wait([begun])  # by a caller that was cancelled; being cancelled here does not end it either
        await self._save(org)
        kept = await self.store.kept(org)
        if kept is None:
            self.forget(org)
            raise NotInstalled(f"The app is not installed in workspace {org}, so nothing can be said there.")
        return kept

    def _due(self, bot: Bot, refused: str | None) -> bool:
        """Whether it expires soon, or ended already."""
        if bot.bot_refresh_token is None:
            return False
        return bot.bot_token == refused or self._expires_within(bot, AHEAD)

    def _over(self, bot: Bot, refused: str | None) -> bool:
        return bot.bot_token == refused or self._expires_within(bot, timedelta(0))

    def _expires_within(self, bot: Bot, span: timedelta) -> bool:
        return bot.bot_token_expires_at is not None and bot.bot_token_expires_at <= (self.now() + span).timestamp()

    def _may_try(self, kept: Kept, refused: str | None) -> bool:
        tried = self._tried.get(kept.org)
        return self._over(kept.bot, refused) or tried is None or self.now() - tried >= PAUSE

    async def _refresh(self, kept: Kept, refused: str | None) -> Kept:
        """The installation with new tokens, or as it was where that failed or somebody else is at it."""
        self._tried[kept.org] = self.now()
        task = asyncio.create_task(self._claimed_and_refreshed(kept), name=f"refresh the token of {kept.org}")
        self._refreshing[kept.org] = task
        task.add_done_callback(partial(self._over_with, kept.org))
        if not await asyncio.shield(task) and self._over(kept.bot, refused):
            return await self._of_another(kept)
        return await self._read(kept.org)

    async def _claimed_and_refreshed(self, kept: Kept) -> bool:
        """Whether it was this process's to do. Never cancelled by a caller: from Slack's answer on, the tokens in SQL
        are good for nothing, and a lease that was taken would hold everybody up."""
        if not await self.store.claim(kept, who=self.who):
            return False
        try:
            bot = await self._exchanged(kept.bot)
        except NoToken as error:
            await self.store.not_refreshed(kept, str(error), who=self.who)
            return True
        self._unsaved[kept.org] = (kept, bot)
        await self._save(kept.org)
        return True

    def _over_with(self, org: str, task: asyncio.Task[bool]) -> None:
        del self._refreshing[org]
        if not task.cancelled() and (error := task.exception()) is not None:
            # Who asked for it is told, unless they were cancelled.
            log = structlog.get_logger("gavel.slack")
            log.warning("A token was not refreshed, or is not kept yet.", org=org, reason=type(error).__name__)

    async def _save(self, org: str) -> None:
        unsaved = self._unsaved.get(org)
        if unsaved is not None:
            await self.store.refreshed(*unsaved)
            if self._unsaved.get(org) is unsaved:
                del self._unsaved[org]

    async def _exchanged(self, bot: Bot) -> Bot:
        """Raises :class:`NoToken` with Slack's word for why not."""
        try:
            rotated = await self.rotator.perform_bot_token_rotation(bot=bot, minutes_before_expiration=_FOREVER_MINUTES)
        except SlackTokenRotationError as error:
            raise NoToken(f"Slack refused to refresh the token: {name_of(error.api_error) or 'unknown'}.") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoToken(f"Slack could not be asked to refresh the token: {type(error).__name__}.") from None
        except (TypeError, ValueError):  # the rotator reads numbers from the answer as it finds it
            rotated = None
        if rotated is None or not rotated.bot_token or not rotated.bot_refresh_token:
            raise NoToken("Slack's answer held no new token.")
        return rotated

    async def _of_another(self, kept: Kept) -> Kept:
        """What the process that refreshes comes to."""
        deadline = asyncio.get_running_loop().time() + self.wait_seconds
        while asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.2)
            now = await self._read(kept.org)
            if (now.version, now.installed_at) != (kept.version, kept.installed_at):
                return now
        return kept
