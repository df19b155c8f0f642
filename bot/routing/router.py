"""Routes tasks: who can do a job, what was measured of them, and whom that puts first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from agents.orchestrator.chat import Member
from agents.orchestrator.routing import Job, Route, RoutingRules, Track, route
from bot.routing.tracks import Tracks
from bot.settings import Settings
from tools.contracts.common import AgentName

STEP = timedelta(minutes=5)
"""What was measured is read again so often. A task looks at what stood when it came in, whoever retries it when."""

_KEPT = 200


def rules_for(settings: Settings, members: Sequence[Member]) -> RoutingRules:
    """As configured; from rehearsal models there is nothing to learn: they are rules, not an LLM."""
    rules = settings.routing.rules
    return replace(rules, learn=False) if any(member.simulated for member in members) else rules


@dataclass(frozen=True)
class Router:
    """One a process."""

    tracks: Tracks
    rules: RoutingRules
    members: Sequence[Member]
    """That reason, as configured."""
    fast: Sequence[Member] = ()
    """That parse before any of `members` does."""
    _read: dict[tuple[str, Job, AgentName | None, datetime], Mapping[str, Track]] = field(
        default_factory=dict[tuple[str, Job, AgentName | None, datetime], Mapping[str, Track]], init=False, repr=False
    )

    def able(self, job: Job) -> Sequence[Member]:
        """Who can do it. Where there are fast models, the others only stand in for them."""
        return self.fast if job == "parse" and self.fast else self.members

    async def route(
        self, job: Job, *, org: str, task_id: str, received_at: datetime, agent: AgentName | None = None
    ) -> Route:
        """Raises `LedgerUnavailable`."""
        able = self.able(job)
        measured: Mapping[str, Track] = {}
        if self.rules.learn and len(able) > 1:
            measured = await self._measured(org, job, agent, received_at)
        chosen = route(able, measured, self.rules, job=job, agent=agent, task_id=task_id)
        behind = [member for member in self.members if member not in able]
        return Route((*chosen.members, *behind), chosen.why, explored=chosen.explored)

    async def _measured(
        self, org: str, job: Job, agent: AgentName | None, received_at: datetime
    ) -> Mapping[str, Track]:
        moment = received_at.astimezone(UTC)
        until = moment - (moment - datetime(2000, 1, 1, tzinfo=UTC)) % STEP
        key = (org, job, agent, until)
        if key not in self._read:
            while len(self._read) >= _KEPT:
                self._read.pop(next(iter(self._read)))
            self._read[key] = await self.tracks.of(org, job, agent=agent, until=until)
        return self._read[key]
