"""What members write for the agents that report: a conclusion and recommendations, each voted on by itself."""

from __future__ import annotations

from pydantic import Field

from tools.contracts.council import MemberReport
from tools.contracts.outputs.report import Conclusion, Handover, Recommendation


class FindingsMemberReport(MemberReport):
    """Base of the report agents' members."""

    conclusion: Conclusion
    """Code says `healthy` only where the results show it too."""
    recommendations: list[Recommendation] = Field(max_length=8)
    handover: Handover | None = None
    """At most one: work that another agent should take on now."""


class ComplianceMemberReport(FindingsMemberReport):
    """What a member of the compliance agent answers."""


class IncidentMemberReport(FindingsMemberReport):
    """What a member of the incident agent answers."""


class SecurityMemberReport(FindingsMemberReport):
    """What a member of the security agent answers."""


class CostMemberReport(FindingsMemberReport):
    """What a member of the cost agent answers."""
