"""`/gavel usage` in Slack: of the person's own org, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeGuard

from bot.blocks.message import Message, sentence
from bot.blocks.usage import usage_card
from bot.budgets.left import left_today
from bot.budgets.limits import Limits
from bot.desks import Typed
from bot.ledger.database import Database
from bot.roles import RoleDirectory, RolesUnavailable
from bot.usage.query import DIMENSIONS, Dimension
from bot.usage.report import Teams, TeamsUnknown, usage_report
from bot.usage.since import DEFAULT, since_when
from tools.contracts.ledger import LedgerUnavailable

HOW = "Try `/gavel usage`, `/gavel usage by team` or `/gavel usage by day since 7d`."


class NotUnderstood(ValueError):
    """What was typed after the command. The message is for the person."""


@dataclass(frozen=True)
class UsageDesk:
    database_url: str
    roles: RoleDirectory
    teams: Teams
    now: Callable[[], datetime]
    limits: Limits = field(default_factory=Limits)

    async def answer(self, typed: Typed) -> Message:
        """What the person is told, and only they. Other people's usage is for admins."""
        try:
            by, since = self._read(typed.words)
            alone = by == "person" and "admin" not in await self.roles.roles_of(typed.user)
        except NotUnderstood as error:
            return sentence(f"I did not understand that, so nothing was counted: {error}. {HOW}")
        except RolesUnavailable:
            return sentence("Slack did not say which roles you have, so nobody's usage is shown. Try again.")
        # Opened for this answer: a bot without a worker has no other use for a database.
        database = Database.open(self.database_url, lock_timeout_seconds=1)
        try:
            report = await usage_report(
                database, typed.org, by, since=since, teams=self.teams, user=typed.user if alone else None
            )
            budgets = await left_today(database, self.limits, typed.org, user=typed.user, now=self.now())
        except TeamsUnknown as error:
            return sentence(str(error))
        except LedgerUnavailable:
            return sentence("The request log cannot be read now, so nothing was counted. `gavel doctor` says why.")
        finally:
            await database.close()
        return usage_card(report, budgets=budgets, only_own=alone)

    def _read(self, words: str) -> tuple[Dimension, datetime]:
        """`by X`, `since Y`, in any order. Raises :class:`NotUnderstood`."""
        given = words.lower().split()
        by: Dimension = "model"
        since = DEFAULT
        for name, value in zip(given[::2], [*given[1::2], ""], strict=False):
            if name == "by" and _is_dimension(value):
                by = value
            elif name == "since" and value:
                since = value
            else:
                raise NotUnderstood(f"it can be by {', '.join(DIMENSIONS)}, and since a time")
        try:
            return by, since_when(since, now=self.now())
        except ValueError as error:
            raise NotUnderstood(str(error)) from error


def _is_dimension(word: str) -> TypeGuard[Dimension]:
    return word in DIMENSIONS
