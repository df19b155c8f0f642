"""What stands on a person's home tab, read from SQL and asked of Slack."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agents.orchestrator.modes import ModeDefaults
from bot.blocks.home import Home, Spent
from bot.delegations.lending import LENDING_ROLES
from bot.home.record import council_record
from bot.keys import Keys
from bot.ledger.database import Database
from bot.modes.channels import ChannelModes
from bot.modes.defaults import mode_defaults
from bot.opening import open_ledger
from bot.roles import RoleDirectory, RolesUnavailable
from bot.settings import Settings
from bot.slack_api import SlackApi
from bot.tasks.board import TaskBoard
from bot.tasks.desk import open_board
from bot.tasks.seeing import Rooms, visible
from bot.usage.query import total, usage_by
from bot.usage.report import cost_words
from tools.readings import RecentReadings

DAYS = 7
WAITING, RUNNING, RECENT = 30, 10, 5
SETTING_ROLES = frozenset({"approver", "admin"})
RECENT_SECONDS = 60.0
"""How old may be what Slack said of its channels: many tabs are read at a time, and Slack is asked by all that work."""


@dataclass(frozen=True)
class HomeReader:
    """Implements `bot.home.keeper.Reader`."""

    settings: Settings
    keys: Keys = field(repr=False)
    roles: RoleDirectory
    is_open: Callable[[str], Awaitable[bool]]
    """Whether everybody in the workspace can read a channel."""
    defaults: Callable[[], Awaitable[ModeDefaults]]
    home: str
    """The workspace's address."""
    now: Callable[[], datetime]

    async def newest_change(self, org: str) -> int:
        """See `Reader`."""
        async with open_board(self.settings, self.home) as board:
            return await board.newest_change(org)

    async def read(self, org: str, user: str, channel: str) -> Home:
        """See `Reader`."""
        try:
            roles, trouble = [*await self.roles.roles_of(user)], ""
        except RolesUnavailable:
            roles, trouble = [], "Slack did not say which roles you have, so nothing that needs one is shown."
        async with AsyncExitStack() as exits:
            # Not migrated here: a worker does that, and many tabs are read at a time.
            database = Database.open(self.settings.database_url, lock_timeout_seconds=1)
            exits.push_async_callback(database.close)
            ledger = await open_ledger(exits, self.settings, self.keys, database=database)
            board = TaskBoard(ledger.database, self.home)
            waiting = await board.waiting(org, user, roles, limit=WAITING)
            seen = await visible(waiting, user=user, roles=roles, here=channel, is_open=self.is_open)
            since = self.now() - timedelta(days=DAYS)
            spent = [await self._spent(ledger.database, org, since, user=user)]
            if "admin" in roles:
                spent.append(await self._spent(ledger.database, org, since, user=None))
            chosen = await ChannelModes(ledger.database).of(org, channel)
            choice = (await self.defaults()).choose(
                asked=None,
                channel=channel,
                channel_mode=chosen.setting if chosen is not None else None,
                agent=None,
                risk=None,
                org=org,
            )
            return Home(
                waiting=seen,
                hidden=len(waiting) - len(seen),
                running=await board.recent(org, user=user, running=True, limit=RUNNING),
                recent=await board.recent(org, user=user, running=False, limit=RECENT),
                freezes=await ledger.declared_freezes(org, now=self.now()) if roles else [],
                spent=spent,
                record=await council_record(ledger.database, org),
                days=DAYS,
                mode=choice.setting,
                mode_set=chosen is not None,
                may_set=not SETTING_ROLES.isdisjoint(roles),
                may_lend=not LENDING_ROLES.isdisjoint(roles),
                at=self.now(),
                trouble=trouble,
            )

    async def _spent(self, database: Database, org: str, since: datetime, *, user: str | None) -> Spent:
        used = total(await usage_by(database, org, "mode", since=since, user=user))
        return Spent("everybody" if user is None else "you", used.calls, cost_words(used))


def home_reader(
    settings: Settings,
    keys: Keys,
    client: SlackApi,
    *,
    roles: RoleDirectory,
    home: str,
    now: Callable[[], datetime],
) -> HomeReader:
    """`home`: the workspace's address. Made once: it remembers for a while what Slack says."""
    rooms = RecentReadings(Rooms(client).is_open, seconds=RECENT_SECONDS)
    modes = RecentReadings[None, ModeDefaults](lambda _: mode_defaults(settings, client), seconds=RECENT_SECONDS)
    return HomeReader(settings, keys, roles, rooms.of, lambda: modes.of(None), home, now)
