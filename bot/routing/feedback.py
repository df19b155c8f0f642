"""What a person says of an answer: on record in the ledger, and kept for the routing of the next tasks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime

from bot.blocks.actions import FeedbackValue
from bot.blocks.feedback import EXPLAINS
from bot.desks import NotDone
from bot.keys import Keys
from bot.ledger.database import Database
from bot.ledger.labels import Confirmed, Labels
from bot.opening import open_ledger
from bot.settings import Settings
from tools.contracts.ledger import LedgerUnavailable


@dataclass(frozen=True)
class SqlFeedback:
    """Implements `bot.desks.FeedbackDesk`."""

    settings: Settings
    keys: Keys = field(repr=False)
    now: Callable[[], datetime]

    async def say(self, *, org: str, user: str, value: FeedbackValue, unique: str) -> None:
        """One word a person and answer counts, the last; every one is on record first. Raises :class:`NotDone`."""
        try:
            async with AsyncExitStack() as exits:
                # A worker has brought the tables up to date: there is an answer.
                database = Database.open(self.settings.database_url, lock_timeout_seconds=1)
                exits.push_async_callback(database.close)
                ledger = await open_ledger(exits, self.settings, self.keys, database=database)
                await ledger.record(
                    "feedback_given",
                    {
                        "agent": value.agent,
                        "revision": value.revision,
                        "right": value.good,
                        "members": list(value.members),
                    },
                    org=org,
                    task_id=value.task_id,
                    actor=user,
                    key=f"feedback:r{value.revision}:{user}:{unique}",
                )
                await Labels(database, now=self.now).confirm(
                    Confirmed(
                        org=org,
                        task_id=value.task_id,
                        agent=value.agent,
                        # An explanation of a plan is another answer than the plan.
                        item=f"{'explained' if value.agent == EXPLAINS else 'feedback'}:r{value.revision}:{user}",
                        kind="answer",
                        right=value.good,
                        source="feedback",
                        margin=None,
                        votes=dict.fromkeys(value.members, True),
                    )
                )
        except LedgerUnavailable as error:
            raise NotDone("I could not keep that: the database did not answer. Press it again.") from error
