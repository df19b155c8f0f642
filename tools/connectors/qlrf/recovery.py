"""QL-RF's recovery pairs, as `RecoverySource`."""

from __future__ import annotations

from typing import Literal

from tools.connectors.base import EstateError
from tools.connectors.qlrf.alerts import QlrfAlerts
from tools.connectors.qlrf.errors import QlrfError, unsupported
from tools.connectors.qlrf.paging import all_rows
from tools.connectors.qlrf.wire import WirePair, WireSite
from tools.connectors.recovery import PairQuery
from tools.contracts.recovery import DrPair, DrRun, ReplicationStream, SiteQuota

FAILED_OVER = frozenset({"failed_over", "failed-over", "failover"})
"""A pair's `status` when traffic is at the recovery site."""


class QlrfRecovery(QlrfAlerts):
    """QL-RF keeps pairs and when they were last tested. Runs, data sets and quotas it does not keep."""

    async def dr_pairs(
        self, org: str, query: PairQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[DrPair], str | None]:
        self._require_org(org)
        if limit < 1:
            raise EstateError(f"A page holds at least 1 pair; got {limit}.")
        rows = await all_rows(self.client, "/resilience/dr-pairs", "dr_pairs", WirePair)
        sites = await self.sites_by_id() if rows else {}
        pairs = sorted((self._pair(row, sites) for row in rows), key=lambda pair: pair.id)
        after = [pair for pair in pairs if _matches(pair, query) and (cursor is None or pair.id > cursor)]
        page = after[:limit]
        return page, page[-1].id if len(after) > limit else None

    async def replication(self, org: str, dr_pair_id: str) -> list[ReplicationStream]:
        """Data sets are not kept apart: the pair's own statement is all there is."""
        self._require_org(org)
        return []

    async def dr_runs(self, org: str, dr_pair_id: str, *, limit: int) -> list[DrRun]:
        """None is kept: what only a run can show is then unknown."""
        self._require_org(org)
        return []

    async def site_quotas(self, org: str, site: str) -> list[SiteQuota]:
        self._require_org(org)
        raise unsupported(f"for the quotas of site {site[:80]!r}")

    async def run_drill(self, org: str, dr_pair_id: str, *, idempotency_key: str) -> DrRun:
        self._require_org(org)
        raise unsupported(f"for a drill of {dr_pair_id[:80]!r}")

    async def fail_over(
        self, org: str, dr_pair_id: str, *, idempotency_key: str, kind: Literal["failover", "failback"]
    ) -> DrRun:
        self._require_org(org)
        raise unsupported(f"for a {kind} of {dr_pair_id[:80]!r}")

    def _pair(self, row: WirePair, sites: dict[str, WireSite]) -> DrPair:
        asked = "GET /resilience/dr-pairs"
        self._require_remote(row.org_id, asked)
        primary = sites.get(row.primary_site_id)
        if primary is None:
            raise QlrfError(
                "malformed", asked, f"pair {row.id[:80]} is of site {row.primary_site_id[:80]}, which is none."
            )
        moved = row.status.lower() in FAILED_OVER
        return DrPair(
            id=row.id,
            org_id=self.org,
            environment=self._environment(primary.environment, of=f"site {primary.id[:80]}", asked="GET /sites"),
            primary_site_id=row.primary_site_id,
            dr_site_id=row.dr_site_id,
            active_site_id=row.dr_site_id if moved else row.primary_site_id,
            status=row.status,
            replication_status=row.replication_status,
            rpo_minutes=row.rpo,
            rto_minutes=row.rto,
            last_failover_test=row.last_failover_test,
            last_sync_at=row.last_sync_at,
        )


def _matches(pair: DrPair, query: PairQuery) -> bool:
    return (
        (not query.ids or pair.id in query.ids)
        and (query.site is None or query.site in (pair.primary_site_id, pair.dr_site_id))
        and (query.environment is None or pair.environment == query.environment)
    )
