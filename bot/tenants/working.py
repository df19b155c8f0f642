"""Opens what a worker needs to work for several tenants."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack

from temporalio.client import Client

from bot.clock import utc_now
from bot.local.estate import seed_estate
from bot.local.stack import RunningStack
from bot.telemetry.metrics import Metrics
from bot.tenants.benches import Step, TenantBenches
from bot.tenants.office import open_tenants
from bot.tenants.stepping import AtTheTenantsBench
from bot.workflows.workbench import Workbench
from bot.workflows.worker import activities_of


async def at_tenants_benches(
    exits: AsyncExitStack, stack: RunningStack, bench: Workbench, temporal: Client, metrics: Metrics
) -> AtTheTenantsBench:
    """`bench`: that of nobody, whose parts the tenants' share."""
    settings = stack.settings
    tenants = await exits.enter_async_context(
        open_tenants(settings, stack.keys, database=bench.ledger.database, metrics=metrics)
    )

    def steps_at(bench: Workbench) -> Mapping[str, Step]:
        steps = activities_of(
            temporal, bench, task_queue=settings.temporal.task_queue, decision_key=stack.keys.derive("decision")
        )
        return {step.__name__: step for step in steps}

    async def prepare(org: str) -> None:
        """Each tenant has a sample estate of its own. A real one is of the tenant that `GAVEL_ORG` names."""
        if not settings.estate.configured:
            await seed_estate(stack.estate, seed=settings.estate.seed, org=org, now=utc_now())

    return AtTheTenantsBench(TenantBenches(settings, tenants, bench, metrics, steps_at, prepare))
