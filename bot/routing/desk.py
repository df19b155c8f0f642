"""`/gavel models` in Slack: of the person's own org, whoever asks."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agents.orchestrator.chat import Member
from bot.blocks.message import Message, sentence
from bot.blocks.models import models_card
from bot.desks import Typed
from bot.ledger.database import Database
from bot.routing.reading import read_models
from bot.settings import Settings
from tools.contracts.ledger import LedgerUnavailable


@dataclass(frozen=True)
class ModelsDesk:
    settings: Settings
    members: Sequence[Member] = field(repr=False)
    now: Callable[[], datetime]

    async def answer(self, typed: Typed) -> Message:
        """See :class:`bot.desks.Desk`."""
        database = Database.open(self.settings.database_url, lock_timeout_seconds=1)
        try:
            report = await read_models(
                self.settings, os.environ, self.members, org=typed.org, now=self.now(), database=database
            )
        except LedgerUnavailable:
            return sentence("The request log cannot be read now, so nothing is shown. `gavel doctor` says why.")
        finally:
            await database.close()
        return models_card(report)
