"""Reads what `gavel models` tells of one org."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import get_args

from agents.orchestrator.chat import Member
from agents.orchestrator.providers.catalog import discover
from agents.orchestrator.routing import Track
from bot.ledger.database import Database
from bot.local.models import fast_members
from bot.routing.report import Known, ModelsReport, models_report
from bot.routing.router import rules_for
from bot.routing.tracks import Tracks
from bot.settings import Settings
from tools.contracts.common import AgentName

AGENTS: tuple[AgentName, ...] = get_args(AgentName)


async def read_models(
    settings: Settings,
    environ: Mapping[str, str],
    members: Sequence[Member],
    *,
    org: str,
    now: datetime,
    database: Database | None,
) -> ModelsReport:
    """`database` None: nothing was measured yet. Raises `LedgerUnavailable`, and `SettingsError` for what is wrong."""
    rules = rules_for(settings, members)
    fast = fast_members(settings.llm, settings.routing, environ, members)
    known = Known(discover(environ), members, fast, rules)
    if database is not None:
        tracks = Tracks(database)
        by_agent: dict[AgentName, Mapping[str, Track]] = {}
        for agent in AGENTS:
            if (found := await tracks.of(org, "reason", agent=agent, until=now)) or agent in rules.pins:
                by_agent[agent] = found
        known = Known(
            known.found,
            members,
            fast,
            rules,
            parsing=await tracks.of(org, "parse", agent=None, until=now),
            reasoning=await tracks.of(org, "reason", agent=None, until=now),
            by_agent=by_agent,
        )
    return await asyncio.to_thread(models_report, known)
