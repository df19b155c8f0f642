"""The security agent (ADR-007): what is vulnerable, what can reach it, and how far it would go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from agents.specialists.capability import Capability
from agents.specialists.investigation import ToolDesk
from agents.specialists.security_study import SecurityStudy
from agents.specialists.specialist import SpecialistAgent
from agents.specialists.study import Study
from tools.contracts.council import MemberReport
from tools.contracts.members.findings import SecurityMemberReport


@dataclass(frozen=True)
class SecurityAgent(SpecialistAgent):
    capability: ClassVar[Capability] = Capability(
        task_type="security_review",
        agent="security",
        can="say which servers are vulnerable, what can reach them and how far a break-in would go",
        tools=(
            "query_assets",
            "scan_vulnerabilities",
            "check_exposure",
            "list_cve_alerts",
            "get_cve_details",
            "calculate_blast_radius",
        ),
    )
    contract: ClassVar[type[MemberReport]] = SecurityMemberReport
    synthesis: ClassVar[str] = "report.synthesis"

    def study(self, desk: ToolDesk) -> Study:
        return SecurityStudy(desk)
