"""What became of what a council carried, and how each member had voted: what its votes are weighed by the next time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, bindparam, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from agents.orchestrator.calibration import Labelled, calibrate
from agents.orchestrator.reliability import Learned, Verdict, learn
from bot.ledger.database import Database, reason_of
from bot.ledger.ledger import utc_now
from bot.ledger.statements import Change
from bot.ledger.tables import CouncilLabel, CouncilVote
from tools.contracts.council import ClaimTally, CouncilOutcome
from tools.contracts.ledger import LedgerUnavailable

NEWEST = 2000
"""Labels of an org and an agent that are learned from: models and estates change."""

TOPIC = "labels"
"""Who writes them takes turns: said twice in one moment, they replace one another."""

# Made once: to make a statement takes as long as to run it.
_FORGET = tuple(
    Change(
        delete(table).where(
            table.org == bindparam("of_org"),
            table.task_id == bindparam("of_task_id"),
            table.item == bindparam("of_item"),
        )
    )
    for table in (CouncilVote, CouncilLabel)
)
_ADD_LABEL, _ADD_VOTE = Change(insert(CouncilLabel)), Change(insert(CouncilVote))

Source = Literal["run", "approval", "rejection", "feedback"]
"""A run that was verified or rolled back; people who approved a plan, or rejected it; a person's word."""


@dataclass(frozen=True)
class Confirmed:
    """Something a council voted on, and whether it was right."""

    org: str
    task_id: str
    agent: str
    item: str
    """`plan:r2`, or a claim's key: unique within the task."""
    kind: Literal["plan", "claim", "answer"]
    """`answer`: of one model or of all, whether it was of use. Routing learns from it; votes are not weighed by it."""
    right: bool
    source: Source
    margin: float | None
    """The council's; None where it did not carry it."""
    votes: dict[str, bool]
    """Member → whether it was for it. The silent are not in it."""


def plan_confirmed(
    council: CouncilOutcome, *, org: str, task_id: str, agent: str, revision: int, right: bool, source: Source
) -> Confirmed | None:
    """A plan as one thing: whoever contradicted any phase or action of it was against it. Its phases stand and fall
    together, so they teach no more than one. None: no council carried it.
    """
    rows = [row for row in council.tallies if row.claim.kind in ("phase", "action") and row.carried]
    if council.mode != "council" or not council.consensus or not rows:
        return None
    return Confirmed(
        org=org,
        task_id=task_id,
        agent=agent,
        item=f"plan:r{revision}",
        kind="plan",
        right=right,
        source=source,
        margin=council.margin,
        votes=_stands(rows),
    )


def claim_confirmed(
    row: ClaimTally, *, org: str, task_id: str, agent: str, right: bool, margin: float | None = None
) -> Confirmed:
    """A person's word on one claim."""
    return Confirmed(
        org=org,
        task_id=task_id,
        agent=agent,
        item=f"claim:{row.claim.key}",
        kind="claim",
        right=right,
        source="feedback",
        margin=margin,
        votes=_stands([row]),
    )


def _stands(rows: Sequence[ClaimTally]) -> dict[str, bool]:
    against = {member for row in rows for member in row.contradict}
    supporting = {member for row in rows for member in row.support}
    return {member: member not in against for member in sorted(against | supporting)}


@dataclass(frozen=True)
class Labels:
    """Implements `agents.orchestrator.reliability.TrackRecords`. Every row names its org, and so does every query."""

    database: Database
    now: Callable[[], datetime] = utc_now

    async def confirm(self, *confirmed: Confirmed) -> None:
        """Write them down, all or none. Said again, it replaces what was said: the last word counts.

        Raises `LedgerUnavailable`.
        """
        if not confirmed:
            return

        def replace(connection: Connection) -> None:
            for each in confirmed:
                _replace(connection, each, at=self.now())

        try:
            await self.database.transact(TOPIC, replace)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise LedgerUnavailable(f"What became of a plan could not be kept ({reason_of(error)}).") from error

    async def learned(self, org: str, agent: str) -> Learned:
        """From the org's newest confirmed outcomes of this agent's work."""
        newest = (
            select(
                CouncilLabel.task_id,
                CouncilLabel.item,
                CouncilLabel.kind,
                CouncilLabel.right,
                CouncilLabel.margin,
                CouncilLabel.created_at,
            )
            .where(CouncilLabel.org == org, CouncilLabel.agent == agent, CouncilLabel.kind != "answer")
            .order_by(CouncilLabel.created_at.desc(), CouncilLabel.task_id, CouncilLabel.item)
            .limit(NEWEST)
        )
        # Theirs alone: of all that were ever cast there are many times as many.
        of = newest.subquery()
        votes = (
            select(CouncilVote.task_id, CouncilVote.item, CouncilVote.member, CouncilVote.right)
            .join(of, (of.c.task_id == CouncilVote.task_id) & (of.c.item == CouncilVote.item))
            .where(CouncilVote.org == org)
            .order_by(of.c.created_at.desc(), CouncilVote.task_id, CouncilVote.item, CouncilVote.member)
            .limit(NEWEST * 10)
        )
        try:
            async with self.database.reading() as connection:
                labels = (await connection.execute(newest)).all()
                cast = (await connection.execute(votes)).all()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise LedgerUnavailable(f"What members proved worth could not be read ({reason_of(error)}).") from error
        verdicts = [Verdict(f"{task}/{item}", member, right) for task, item, member, right in cast]
        scored = [
            Labelled(margin, right) for _, _, kind, right, margin, _ in labels if margin is not None and kind == "plan"
        ]
        # Of thousands of labels it takes long enough to be kept off the event loop.
        return await asyncio.to_thread(_learn, verdicts, scored) if labels else Learned()


def _replace(connection: Connection, confirmed: Confirmed, *, at: datetime) -> None:
    of_item = {"org": confirmed.org, "task_id": confirmed.task_id, "item": confirmed.item}
    for statement in _FORGET:
        statement.make(connection, {f"of_{name}": value for name, value in of_item.items()})
    label = {
        **of_item,
        "agent": confirmed.agent,
        "kind": confirmed.kind,
        "right": confirmed.right,
        "source": confirmed.source,
        "margin": confirmed.margin,
        "created_at": at,
    }
    _ADD_LABEL.make(connection, label)
    votes = [
        {**of_item, "member": member, "agreed": agreed, "right": agreed == confirmed.right}
        for member, agreed in confirmed.votes.items()
    ]
    if votes:
        _ADD_VOTE.make(connection, *votes)


def _learn(verdicts: Sequence[Verdict], scored: Sequence[Labelled]) -> Learned:
    return learn(verdicts, calibrator=calibrate(scored))
