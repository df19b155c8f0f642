"""What an agent asks of its council: whether people are to approve what comes of it decides who is waited for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agents.orchestrator.brief import Brief, Deliberation
from agents.orchestrator.chat import Member
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.orchestrator import Orchestrator
from agents.specialists.incident import IncidentAgent
from bot.advisories.store import SqlAdvisories
from tests.unit.agents.bench import Bench, spec
from tests.unit.reports.bench import opened, task_of
from tools.contracts.common import Mode
from tools.contracts.council import MemberReport
from tools.contracts.ledger import Recorder
from tools.contracts.progress import Progress


@dataclass(frozen=True)
class Noting(Orchestrator):
    """Keeps what it is asked, and answers as ever."""

    briefs: list[Brief] = field(default_factory=list[Brief])

    async def deliberate(
        self,
        brief: Brief,
        *,
        mode: Mode,
        progress: Progress,
        recorder: Recorder,
        given: Mapping[str, MemberReport] | None = None,
        escalated: str | None = None,
    ) -> Deliberation:
        self.briefs.append(brief)
        return await super().deliberate(
            brief, mode=mode, progress=progress, recorder=recorder, given=given, escalated=escalated
        )


async def test_of_a_plan_the_last_dissent_is_waited_for(workbench: Bench) -> None:
    workbench.orchestrator = noting = Noting(workbench.orchestrator.council)
    await workbench.work(spec())
    assert [brief.approved for brief in noting.briefs] == [True]


async def test_of_a_report_it_is_not_for_nobody_approves_one(
    tmp_path: Path, model_client: LiteLLMClient, members: list[Member], advisories: SqlAdvisories
) -> None:
    async with opened(tmp_path, IncidentAgent, model_client, members, seed=7, advisories=advisories) as desk:
        desk.orchestrator = noting = Noting(desk.orchestrator.council)
        await desk.work(task_of(IncidentAgent))
        assert [brief.approved for brief in noting.briefs] == [False]
