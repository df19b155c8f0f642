"""A study by itself: real tools over a drawn estate, and deliberations as a council would end them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.orchestrator.brief import NO_CHANGE, Deliberation
from agents.orchestrator.consensus import PhaseItem
from agents.specialists.base import Assignment, Conclusion
from agents.specialists.evidence import EvidenceBook
from agents.specialists.investigation import ToolDesk
from agents.specialists.operating import OperatingStudy
from agents.specialists.receipts import ClaimReceipts
from agents.specialists.specialist import SpecialistAgent
from tests.unit.agents.bench import ORG, Bench, now, spec
from tests.unit.policies.plans import make_council
from tools.connectors.advisories import AdvisorySource
from tools.contracts.common import Environment, JsonObject
from tools.contracts.council import MemberReport
from tools.contracts.identity import Caller
from tools.dispatcher import build_dispatcher


@dataclass(frozen=True)
class Table:
    """The estate's file, and the bench over it."""

    bench: Bench
    path: Path
    advisories: AdvisorySource | None = None
    """CVE data, for tools that compare with it."""

    def alter(self, statement: str) -> None:
        """Change the estate's tables, as somebody outside Gavel would."""
        connection = sqlite3.connect(self.path)
        try:
            with connection:
                connection.execute(statement)
        finally:
            connection.close()

    def desk(self, agent: type[SpecialistAgent], environment: Environment) -> ToolDesk:
        """As the agent's round begins: nothing was called yet."""
        capability, bench = agent.capability, self.bench
        task = spec(environment, role=None)
        dispatcher = build_dispatcher(
            registry=bench.registry,
            estate=bench.estate,
            authorizer=bench.authorizer,
            recorder=bench.entries,
            grant_key=b"k" * 32,
            now=now,
            redact=lambda text: text,
            advisories=self.advisories,
        )
        assignment = Assignment(
            spec=task.model_copy(update={"task_type": capability.task_type, "agents": [capability.agent]}),
            caller=Caller(org=ORG, user="U1", roles=["operator"]),
            revision=1,
            mode="council",
            orchestrator=bench.orchestrator,
            dispatcher=dispatcher,
            progress=bench.watcher,
            recorder=bench.entries,
        )
        return ToolDesk(assignment, capability.agent, frozenset(capability.tools))


def decided(
    phases: Mapping[str, Sequence[PhaseItem]], *, best: str | None, carried: Iterable[str] = ()
) -> Deliberation:
    """`carried`: keys of phases."""
    return Deliberation(
        outcome=make_council(),
        reports={},
        phases=phases,
        carried_phase_keys=frozenset(carried),
        carried_claims=[],
        carried_recommendations=[],
        best=best,
    )


def concluded(study: OperatingStudy, result: Deliberation) -> Conclusion:
    return study.conclude(result, ClaimReceipts(EvidenceBook()))


async def proposed(study: OperatingStudy, reports: Mapping[str, MemberReport]) -> Mapping[str, Sequence[PhaseItem]]:
    return await study.expand(reports)


def no_change(study: OperatingStudy) -> Conclusion:
    """Everybody found that nothing need be done."""
    return concluded(study, decided({"ash": [NO_CHANGE]}, best="ash", carried=[NO_CHANGE.key]))


def calls_of(desk: ToolDesk, tool: str) -> list[JsonObject]:
    return [result.call.params for result in desk.book.results if result.call.tool == tool]
