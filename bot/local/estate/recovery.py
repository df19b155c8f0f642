"""The sample estate's recovery pairs, as the connector protocol of `tools.connectors.recovery`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import or_, select
from sqlalchemy.engine import RowMapping

from bot.local.estate.connection import EstateFile
from bot.local.estate.recovery_run import RunRequest, perform_run
from bot.local.estate.recovery_tables import dr_pairs, dr_runs, replication_streams, site_quotas
from tools.connectors.base import EstateError
from tools.connectors.recovery import PairQuery
from tools.contracts.common import JsonObject
from tools.contracts.recovery import DrPair, DrRun, ReplicationStream, SiteQuota


class SampleRecovery(EstateFile):
    """Implements `RecoverySource`."""

    async def dr_pairs(
        self, org: str, query: PairQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[DrPair], str | None]:
        if limit < 1:
            raise EstateError(f"A page holds at least 1 pair; got {limit}.")
        pair = dr_pairs.c
        statement = select(dr_pairs).where(pair.org_id == org)
        if query.ids:
            statement = statement.where(pair.id.in_(query.ids))
        if query.site is not None:
            statement = statement.where(or_(pair.primary_site_id == query.site, pair.dr_site_id == query.site))
        if query.environment is not None:
            statement = statement.where(pair.environment == query.environment)
        if cursor is not None:
            statement = statement.where(pair.id > cursor)
        async with self._reading() as connection:
            rows = await connection.execute(statement.order_by(pair.id).limit(limit + 1))
            found = [DrPair.model_validate(self._synced(row)) for row in rows.mappings()]
        return found[:limit], found[limit - 1].id if len(found) > limit else None

    async def replication(self, org: str, dr_pair_id: str) -> list[ReplicationStream]:
        stream = replication_streams.c
        statement = (
            select(replication_streams)
            .where(stream.org_id == org, stream.dr_pair_id == dr_pair_id)
            .order_by(stream.dataset)
        )
        async with self._reading() as connection:
            rows = await connection.execute(statement)
            return [ReplicationStream.model_validate(self._synced(row)) for row in rows.mappings()]

    async def dr_runs(self, org: str, dr_pair_id: str, *, limit: int) -> list[DrRun]:
        run = dr_runs.c
        statement = (
            select(dr_runs)
            .where(run.org_id == org, run.dr_pair_id == dr_pair_id)
            .order_by(run.at.desc(), run.id.desc())
            .limit(limit)
        )
        async with self._reading() as connection:
            rows = await connection.execute(statement)
            return [DrRun.model_validate(dict(row)) for row in rows.mappings()]

    async def site_quotas(self, org: str, site: str) -> list[SiteQuota]:
        quota = site_quotas.c
        statement = select(site_quotas).where(quota.org_id == org, quota.site == site).order_by(quota.image_family)
        async with self._reading() as connection:
            rows = await connection.execute(statement)
            return [SiteQuota.model_validate(dict(row)) for row in rows.mappings()]

    async def run_drill(self, org: str, dr_pair_id: str, *, idempotency_key: str) -> DrRun:
        return await self._run(org, dr_pair_id, key=idempotency_key, kind="drill")

    async def fail_over(
        self, org: str, dr_pair_id: str, *, idempotency_key: str, kind: Literal["failover", "failback"]
    ) -> DrRun:
        return await self._run(org, dr_pair_id, key=idempotency_key, kind=kind)

    async def _run(
        self, org: str, dr_pair_id: str, *, key: str, kind: Literal["drill", "failover", "failback"]
    ) -> DrRun:
        """One transaction: the run, the pair and its streams change together, or nothing does."""
        async with self._writing() as connection:
            return await perform_run(connection, RunRequest(org, dr_pair_id, key=key, kind=kind, at=self._now()))

    def _synced(self, row: RowMapping) -> JsonObject:
        fields: dict[str, Any] = dict(row)
        lag = fields.pop("lag_seconds")
        return fields if lag is None else {**fields, "last_sync_at": self._now() - timedelta(seconds=lag)}
