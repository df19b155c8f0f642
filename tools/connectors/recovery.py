"""Where recovery pairs, their replication and their tests come from."""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

from tools.contracts.common import Contract, Environment
from tools.contracts.recovery import DrPair, DrRun, ReplicationStream, SiteQuota


class PairQuery(Contract):
    """All given conditions must hold. Empty means not narrowed."""

    ids: list[str] = []
    site: str | None = None
    """Either side of the pair."""
    environment: Environment | None = None


@runtime_checkable
class RecoverySource(Protocol):
    """Every method takes the org first, from the caller. Raises `EstateError` when the source cannot answer."""

    async def dr_pairs(
        self, org: str, query: PairQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[DrPair], str | None]:
        """Pairs in id order, and the cursor of the next page or None."""
        ...

    async def replication(self, org: str, dr_pair_id: str) -> list[ReplicationStream]:
        """The pair's data sets; empty when the source keeps none of them apart."""
        ...

    async def dr_runs(self, org: str, dr_pair_id: str, *, limit: int) -> list[DrRun]:
        """The pair's last runs, the latest first."""
        ...

    async def site_quotas(self, org: str, site: str) -> list[SiteQuota]: ...

    async def run_drill(self, org: str, dr_pair_id: str, *, idempotency_key: str) -> DrRun:
        """Test the recovery site; traffic stays where it is. The same key again answers with the same run.

        Raises `EstateError`, with nothing changed, for an unknown pair and for a key used for something else.
        """
        ...

    async def fail_over(
        self, org: str, dr_pair_id: str, *, idempotency_key: str, kind: Literal["failover", "failback"]
    ) -> DrRun:
        """Move traffic to the recovery site, or back. Otherwise as :meth:`run_drill`."""
        ...
