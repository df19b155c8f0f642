"""What was measured of each model: calls, failures and cost from the request log, right and wrong from outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, not_, or_, select
from sqlalchemy.exc import SQLAlchemyError

from agents.orchestrator.routing import PURPOSES, Job, Track
from bot.blocks.feedback import EXPLAINS
from bot.evals.booking import EVAL
from bot.ledger.database import Database, reason_of
from bot.ledger.tables import AiRequestLog, CouncilLabel, CouncilVote
from tools.contracts.common import AgentName
from tools.contracts.ledger import LedgerUnavailable

LOOKS_BACK = timedelta(days=30)
"""Models change, and so do their prices."""


@dataclass(frozen=True)
class Tracks:
    database: Database

    async def of(
        self, org: str, job: Job, *, agent: AgentName | None, until: datetime, since: datetime | None = None
    ) -> Mapping[str, Track]:
        """Member → what was measured before `until`. `agent` None: over all agents.

        What a call that was cancelled would have come to nobody knows: it is not counted. Raises `LedgerUnavailable`.
        """
        row = AiRequestLog
        calls = (
            select(
                row.member,
                func.count(),
                func.sum(case((row.success.is_(False), 1), else_=0)),
                func.count(row.estimated_cost),
                func.sum(row.estimated_cost),
                func.sum(case((row.success, 1), else_=0)),
            )
            .where(
                row.org == org,
                row.created_at >= (since or until - LOOKS_BACK),
                row.created_at < until,
                row.purpose.in_(sorted(PURPOSES[job])),
                or_(row.agent.is_(None), row.agent != EVAL),
                or_(row.error_class.is_(None), row.error_class != "cancelled"),
            )
            .group_by(row.member)
        )
        outcomes = (
            select(CouncilVote.member, func.count(), func.sum(case((CouncilVote.right, 1), else_=0)))
            .join(
                CouncilLabel,
                (CouncilLabel.org == CouncilVote.org)
                & (CouncilLabel.task_id == CouncilVote.task_id)
                & (CouncilLabel.item == CouncilVote.item),
            )
            .where(
                CouncilVote.org == org,
                CouncilLabel.created_at >= (since or until - LOOKS_BACK),
                CouncilLabel.created_at < until,
            )
            .group_by(CouncilVote.member)
        )
        # Whether a request was read rightly, no outcome says; of what was explained, people do.
        explained = CouncilLabel.agent == EXPLAINS
        outcomes = outcomes.where(explained if job == "parse" else not_(explained))
        if agent is not None:
            calls, outcomes = calls.where(row.agent == agent), outcomes.where(CouncilLabel.agent == agent)
        try:
            async with self.database.reading() as connection:
                asked = (await connection.execute(calls)).all()
                judged = (await connection.execute(outcomes)).all()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise LedgerUnavailable(f"What models have proved worth could not be read ({reason_of(error)}).") from error
        proved: dict[str, tuple[int, int]] = {}
        for member, count, right in judged:
            proved[str(member)] = (int(count), int(right or 0))
        return {
            member: Track(
                calls=int(count),
                failed=int(failed or 0),
                # Of failed calls the cost is rarely known, and they are paid for by their failure.
                cost_usd=float(total) / int(priced) if total is not None and priced >= (answered or 0) else None,
                judged=proved.get(member, (0, 0))[0],
                right=proved.get(member, (0, 0))[1],
            )
            for member, count, failed, priced, total, answered in asked
        }
