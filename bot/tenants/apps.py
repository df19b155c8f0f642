"""A Bolt app for each tenant, made when something first comes from it.

Its listeners have that tenant's client, roles, alert channels and org, and no other's: what comes from one workspace
cannot be answered in another, nor counted as another's.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from temporalio.client import Client

from bot.edge import bot_for
from bot.listeners.later import Later
from bot.local.stack import RunningStack
from bot.permits.opening import Permits
from bot.taken import Taken
from bot.telemetry.metrics import Metrics
from bot.telemetry.tracing import Tracing
from bot.tenants.office import Tenants

MOST = 500
"""Apps kept at a time; the one that was used longest ago is made again when it is needed."""


@dataclass
class _Made:
    installed_at: float
    app: AsyncApp
    later: Later


@dataclass
class TenantApps:
    """`stop` them when nothing comes in any more."""

    stack: RunningStack
    tenants: Tenants
    temporal: Client
    permits: Permits
    taken: Taken | None
    metrics: Metrics
    tracing: Tracing
    _parting: Later = field(default_factory=Later, init=False, repr=False)
    _made: dict[str, _Made] = field(default_factory=dict[str, _Made], init=False, repr=False)
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict[str, asyncio.Lock], init=False, repr=False)

    async def of(self, org: str) -> AsyncApp:
        """Raises `NotInstalled`, `NoToken`, and `StackError` where Slack does not answer."""
        async with self._turns.setdefault(org, asyncio.Lock()):
            bot = await self.tenants.tokens.bot(org)
            made = self._made.pop(org, None)
            # Installed anew, the bot may be another user there.
            if made is None or made.installed_at != bot.installed_at:
                self._part_with(made)
                later = Later()
                made = _Made(bot.installed_at, await self._make(org, later), later)
            self._made[org] = made
            for longest_ago in list(self._made)[:-MOST]:
                self._part_with(self._made.pop(longest_ago))
            return made.app

    def forget(self, org: str) -> None:
        """It removed the app."""
        self._part_with(self._made.pop(org, None))
        self.tenants.tokens.forget(org)

    async def stop(self) -> None:
        """What is being said in any of them has its grace; nothing is followed any more."""
        await asyncio.gather(self._parting.stop(), *(made.later.stop() for made in self._made.values()))

    def _part_with(self, made: _Made | None) -> None:
        if made is not None:
            self._parting.do(made.later.stop(), what="a workspace's last words")

    async def _make(self, org: str, later: Later) -> AsyncApp:
        async def authorize() -> AuthorizeResult:
            bot = await self.tenants.tokens.bot(org)
            return AuthorizeResult(
                enterprise_id=bot.enterprise_id,
                team_id=bot.team_id,
                bot_user_id=bot.bot_user_id,
                bot_id=bot.bot_id,
                bot_token=bot.bot_token,
            )

        return await bot_for(
            self.stack,
            org,
            client=self.tenants.client(org),
            temporal=self.temporal,
            permits=self.permits,
            taken=self.taken,
            metrics=self.metrics,
            tracing=self.tracing,
            later=later,
            authorize=authorize,
        )
