"""The alert webhook where workspaces install the app: it posts into one of them, and no other waits for that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

from bot.alerts.opening import taking_webhooks
from bot.local.errors import StackError
from bot.local.stack import RunningStack
from bot.telemetry.metrics import Metrics
from bot.tenants.office import Tenants

FIRST_SECONDS, MOST_SECONDS = 1.0, 60.0
"""Until it is tried again, twice as long each time."""


@asynccontextmanager
async def webhook_in_time(stack: RunningStack, tenants: Tenants, *, metrics: Metrics) -> AsyncGenerator[None]:
    """Open it as soon as the workspace of :attr:`RunningStack.org` has the app and its Slack answers.

    Until then whoever sends alerts is refused the connection, and sends them again. Raises `StackError` where no
    workspace is named.
    """
    if not stack.org:
        raise StackError(
            "The alert webhook is set, but GAVEL_ORG is not: it says which workspace the alerts are for. Nothing was "
            "started; set it to the workspace's id (T…), or unset the webhook."
        )
    opening = asyncio.create_task(_Opening(stack, tenants, metrics).keep(), name="alert webhook")
    try:
        yield
    finally:
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)


@dataclass
class _Opening:
    stack: RunningStack
    tenants: Tenants
    metrics: Metrics
    _told: str = field(default="", init=False)

    async def keep(self) -> None:
        """Until it is cancelled."""
        org, seconds = self.stack.org, FIRST_SECONDS
        while True:
            try:
                if await self.tenants.store.kept(org) is None:
                    self._tell(f"workspace {org} has not installed the app.")
                else:
                    async with taking_webhooks(self.stack, self.tenants.client(org), metrics=self.metrics):
                        await asyncio.Event().wait()
            except Exception as error:
                # Whatever it is, nobody else would say that the webhook stays closed.
                self._tell(str(error) or type(error).__name__)
            await asyncio.sleep(seconds)
            seconds = min(seconds * 2, MOST_SECONDS)

    def _tell(self, why: str) -> None:
        """Once for each reason."""
        if why != self._told:
            self._told = why
            log = structlog.get_logger("gavel.alerts")
            log.warning(f"The alert webhook is not open yet, and is tried again: {why}", org=self.stack.org)
