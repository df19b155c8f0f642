"""The cost agent (ADR-007): what the estate costs, where it is going, and what measured use says could be saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from agents.specialists.capability import Capability
from agents.specialists.cost_study import CostStudy
from agents.specialists.investigation import ToolDesk
from agents.specialists.specialist import SpecialistAgent
from agents.specialists.study import Study
from tools.contracts.council import MemberReport
from tools.contracts.members.findings import CostMemberReport


@dataclass(frozen=True)
class CostAgent(SpecialistAgent):
    capability: ClassVar[Capability] = Capability(
        task_type="cost_optimization",
        agent="cost",
        can="say where the money goes and what could be saved",
        tools=(
            "query_assets",
            "get_billing_data",
            "forecast_cost",
            "find_cost_anomalies",
            "get_cost_recommendations",
        ),
    )
    contract: ClassVar[type[MemberReport]] = CostMemberReport
    synthesis: ClassVar[str] = "report.synthesis"

    def study(self, desk: ToolDesk) -> Study:
        return CostStudy(desk)
