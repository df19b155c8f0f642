"""The compliance agent (ADR-007): which controls hold, on what evidence, and of which nothing is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from agents.specialists.capability import Capability
from agents.specialists.compliance_study import ComplianceStudy
from agents.specialists.investigation import ToolDesk
from agents.specialists.specialist import SpecialistAgent
from agents.specialists.study import Study
from tools.contracts.council import MemberReport
from tools.contracts.members.findings import ComplianceMemberReport


@dataclass(frozen=True)
class ComplianceAgent(SpecialistAgent):
    capability: ClassVar[Capability] = Capability(
        task_type="compliance_audit",
        agent="compliance",
        can="audit which controls hold and put the evidence together",
        tools=("query_assets", "get_compliance_status", "check_control", "generate_compliance_evidence"),
    )
    contract: ClassVar[type[MemberReport]] = ComplianceMemberReport
    synthesis: ClassVar[str] = "report.synthesis"

    def study(self, desk: ToolDesk) -> Study:
        return ComplianceStudy(desk)
