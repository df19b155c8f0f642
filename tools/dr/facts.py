"""Everything about one recovery pair that the tools compute with, read once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tools.base import ToolContext, ToolError
from tools.connectors.base import AssetQuery, EstateError
from tools.connectors.recovery import PairQuery, RecoverySource
from tools.connectors.rows import require_own
from tools.contracts.common import Environment
from tools.contracts.estate import Asset
from tools.contracts.recovery import DrPair, DrRun, ReplicationStream
from tools.dr.objectives import DataLoss, Downtime, data_loss, downtime, last_passed_test, verdict_of
from tools.lookup import all_assets, listed

RUNS_READ = 20


@dataclass(frozen=True)
class PairFacts:
    pair: DrPair
    streams: list[ReplicationStream]
    runs: list[DrRun]
    """The latest first."""
    primary: list[Asset]
    """Running machines of the pair's environment at the primary site: what would move."""
    now: datetime

    @property
    def loss(self) -> DataLoss:
        return data_loss(self.pair, self.streams, now=self.now)

    @property
    def away(self) -> Downtime:
        return downtime(self.streams, self.runs, machines=len(self.primary))

    @property
    def asset_ids(self) -> list[str]:
        return [asset.id for asset in self.primary]

    def disagreements(self) -> list[str]:
        """Where the pair's own statement and the measurements differ."""
        found: list[str] = []
        worst = [stream.dataset for stream in self.streams if stream.status != "in-sync"]
        if self.pair.replication_status == "in-sync" and worst:
            found.append(f"The pair says in-sync; {listed(worst)} is not.")
        if self.pair.replication_status == "in-sync" and verdict_of(self.loss.minutes, self.pair.rpo_minutes) != "met":
            age = "unknown" if self.loss.minutes is None else f"{self.loss.minutes:.1f} minutes"
            found.append(f"The pair says in-sync; the age of {self.loss.dataset or 'its last sync'} is {age}.")
        passed = last_passed_test(self.runs)
        stated = self.pair.last_failover_test
        if stated is not None and (passed is None or passed.at < stated):
            last = "none" if passed is None else f"that of {passed.at.isoformat()}"
            found.append(f"The pair names a test of {stated.isoformat()}; the last that passed is {last}.")
        return found


async def pair_facts(dr_pair_id: str, context: ToolContext, *, environment: Environment | None) -> PairFacts:
    """Raises `ToolError` when the org has no such pair in the environment, and names those it has."""
    org, source = context.caller.org, recovery_source(context)
    query = PairQuery(ids=[dr_pair_id], environment=environment)
    found, _ = await source.dr_pairs(org, query, limit=1, cursor=None)
    pairs = require_own(found, org=org, source=context.estate.name)
    if not pairs:
        others, _ = await source.dr_pairs(org, PairQuery(environment=environment), limit=20, cursor=None)
        known = [pair.id for pair in require_own(others, org=org, source=context.estate.name)]
        place = f" in {environment}" if environment else ""
        raise ToolError(
            f"There is no recovery pair {dr_pair_id!r}{place}. Nothing was done. Pairs: {listed(known) or 'none'}."
        )
    return await facts_of(pairs[0], context)


async def facts_of(pair: DrPair, context: ToolContext) -> PairFacts:
    org, source, name = context.caller.org, recovery_source(context), context.estate.name
    return PairFacts(
        pair=pair,
        streams=list(require_own(await source.replication(org, pair.id), org=org, source=name)),
        runs=list(require_own(await source.dr_runs(org, pair.id, limit=RUNS_READ), org=org, source=name)),
        primary=await running_at(pair.primary_site_id, pair.environment, context),
        now=context.now(),
    )


async def running_at(site: str, environment: Environment, context: ToolContext) -> list[Asset]:
    query = AssetQuery(environment=environment, sites=[site], state="running")
    return await all_assets(context.estate, context.caller.org, query)


def recovery_source(context: ToolContext) -> RecoverySource:
    """Raises `EstateError` when the estate's source knows no recovery pairs."""
    if isinstance(context.estate, RecoverySource):
        return context.estate
    raise EstateError(f"{context.estate.name} keeps no recovery pairs. Nothing was computed or changed.")
