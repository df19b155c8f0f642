"""The incident agent (ADR-007): what is failing, since when, what did it if the data say so, and how far it reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from agents.specialists.capability import Capability
from agents.specialists.incident_study import IncidentStudy
from agents.specialists.investigation import ToolDesk
from agents.specialists.specialist import SpecialistAgent
from agents.specialists.study import Study
from tools.contracts.council import MemberReport
from tools.contracts.members.findings import IncidentMemberReport


@dataclass(frozen=True)
class IncidentAgent(SpecialistAgent):
    capability: ClassVar[Capability] = Capability(
        task_type="incident_analysis",
        agent="incident",
        can="find out what an incident did, when it began and what caused it, if the data say so",
        tools=(
            "query_assets",
            "query_alerts",
            "query_logs",
            "get_change_history",
            "correlate_events",
            "check_health",
            "calculate_blast_radius",
            "get_drift_status",
            "get_golden_image",
            "compare_versions",
            "list_cve_alerts",
        ),
    )
    contract: ClassVar[type[MemberReport]] = IncidentMemberReport
    synthesis: ClassVar[str] = "report.synthesis"

    def study(self, desk: ToolDesk) -> Study:
        return IncidentStudy(desk)
