"""What a person says of an answer, kept for the routing of the next tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.blocks.actions import FeedbackValue
from bot.desks import NotDone
from bot.ledger.database import Database
from bot.ledger.labels import Confirmed, Labels
from tools.contracts.ledger import LedgerUnavailable


@dataclass(frozen=True)
class SqlFeedback:
    """Implements `bot.desks.FeedbackDesk`."""

    database_url: str
    now: Callable[[], datetime]

    async def say(self, *, org: str, user: str, value: FeedbackValue) -> None:
        """One word a person and answer: the last counts. Raises :class:`NotDone`."""
        database = Database.open(self.database_url, lock_timeout_seconds=1)
        try:
            await Labels(database, now=self.now).confirm(
                Confirmed(
                    org=org,
                    task_id=value.task_id,
                    agent=value.agent,
                    item=f"feedback:r{value.revision}:{user}",
                    kind="answer",
                    right=value.good,
                    source="feedback",
                    margin=None,
                    votes=dict.fromkeys(value.members, True),
                )
            )
        except LedgerUnavailable as error:
            raise NotDone("I could not keep that: the database did not answer. Press it again.") from error
        finally:
            await database.close()
