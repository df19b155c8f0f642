"""Around each step of a worker: it is done at the bench of the tenant whose it is, or not at all."""

from __future__ import annotations

from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackClientError
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from bot.local.errors import StackError
from bot.tenants.benches import OrgUnknown, Step, TenantBenches, org_in
from bot.workflows.activities.retrying import beating

OF_NO_TENANT = frozenset({"authenticate", "authentic_ones", "follow_investigation"})
"""Steps that check MACs or ask Temporal, and touch nothing that is a tenant's."""


class AtTheTenantsBench(Interceptor):
    def __init__(self, benches: TenantBenches) -> None:
        self.benches = benches

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """See the SDK's."""
        return _Inbound(next, self.benches)


class _Inbound(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, benches: TenantBenches) -> None:
        super().__init__(following)
        self._benches = benches

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        """Raises a retryable error where the tenant's Slack cannot be reached now."""
        name = activity.info().activity_type
        if name not in OF_NO_TENANT:
            with beating():  # the step's own begins with it; until then this worker would be taken for dead
                input.fn = await self._step(name, input.args[0] if input.args else None)
        return await super().execute_activity(input)

    async def _step(self, name: str, message: object) -> Step:
        try:
            return (await self._benches.steps_of(org_in(message)))[name]
        except OrgUnknown as error:
            raise ApplicationError(f"{error} Nothing was done.", type="OrgUnknown", non_retryable=True) from error
        except (SlackClientError, aiohttp.ClientError, OSError, TimeoutError, StackError) as error:
            log = structlog.get_logger("gavel.worker").bind(step=name)
            log.warning("A tenant's Slack is away. The task waits for it: nothing is lost.", reason=str(error)[:500])
            raise ApplicationError(
                f"The tenant's Slack is away: {error}",
                type="SlackAway",
                category=ApplicationErrorCategory.BENIGN,
            ) from error
