"""`simulate_failover`: what would happen, from today's rows. It moves nothing."""

from __future__ import annotations

from tools.base import ToolContext, ToolError
from tools.connectors.incident import AlertQuery, AlertSource
from tools.connectors.rows import every_row, require_own
from tools.contracts.common import digest_of
from tools.contracts.incident import Alert
from tools.dr.checks import RecoverySite, failover_checks
from tools.dr.facts import PairFacts, pair_facts, recovery_source, running_at
from tools.dr.models import SimulateFailoverInput, SimulateFailoverOutput
from tools.dr.status import rounded

MAX_ALERTS = 500


async def simulate_failover(given: SimulateFailoverInput, context: ToolContext) -> SimulateFailoverOutput:
    if not given.dry_run:
        raise ToolError(
            "Nothing was moved. simulate_failover only predicts: leave `dry_run` true. A drill or failover is a step"
            " of an approved plan (generate_dr_runbook writes its parameters)."
        )
    facts = await pair_facts(given.dr_pair_id, context, environment=given.environment)
    return await simulated(facts, context)


async def simulated(facts: PairFacts, context: ToolContext) -> SimulateFailoverOutput:
    checks = failover_checks(facts, await _recovery_site(facts, context))
    output = SimulateFailoverOutput(
        simulation_id="failover",
        dr_pair_id=facts.pair.id,
        computed_at=facts.now,
        ready=all(check.result == "passed" for check in checks),
        checks=checks,
        not_passed=[check.name for check in checks if check.result != "passed"],
        predicted_data_loss_minutes=rounded(facts.loss.minutes),
        predicted_downtime_minutes=rounded(facts.away.minutes),
        machines=len(facts.primary),
        asset_ids=facts.asset_ids,
    )
    content = digest_of({"org": context.caller.org, "result": output.model_dump(mode="json")})
    return output.model_copy(update={"simulation_id": f"sim-{content.removeprefix('sha256:')[:16]}"})


async def _recovery_site(facts: PairFacts, context: ToolContext) -> RecoverySite:
    org, pair, name = context.caller.org, facts.pair, context.estate.name
    assets = await running_at(pair.dr_site_id, pair.environment, context)
    quotas = await recovery_source(context).site_quotas(org, pair.dr_site_id)
    return RecoverySite(
        assets=assets,
        health=await context.estate.health(org, [asset.id for asset in assets]),
        quotas=list(require_own(quotas, org=org, source=name)),
        images=list(require_own(await context.estate.images(org), org=org, source=name)),
        critical_alerts=await _critical_alerts(facts, context),
    )


async def _critical_alerts(facts: PairFacts, context: ToolContext) -> list[Alert] | None:
    source = context.estate
    if not isinstance(source, AlertSource):
        return None
    query = AlertQuery(
        environment=facts.pair.environment,
        severities=["critical"],
        statuses=["open", "acknowledged"],
        sites=[facts.pair.dr_site_id],
    )
    org, name = context.caller.org, context.estate.name
    return await every_row(
        lambda cursor: source.alerts(org, query, limit=MAX_ALERTS, cursor=cursor),
        org=org,
        source=name,
        what="critical alerts",
        at_most=MAX_ALERTS,
    )
