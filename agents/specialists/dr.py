"""The recovery agent (ADR-007): how far recovery is from its objectives, and a drill or failover worth having."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from agents.specialists.capability import Capability
from agents.specialists.investigation import ToolDesk
from agents.specialists.operating import NotPlannable, OperatingStudy
from agents.specialists.runbook import composed
from agents.specialists.specialist import SpecialistAgent
from agents.specialists.study import Study
from tools.contracts.common import Contract
from tools.contracts.council import MemberReport
from tools.contracts.members.operations import DRMemberReport, DRProposal
from tools.contracts.outputs.dr import DRRunbook
from tools.dr.models import DrPairRow, GenerateDrRunbookOutput, GetDrStatusOutput

TESTED_WITHIN_DAYS = 30


@dataclass(frozen=True)
class DRAgent(SpecialistAgent):
    capability: ClassVar[Capability] = Capability(
        task_type="dr_readiness",
        agent="dr",
        can="check how far recovery is from its objectives and plan a drill or a failover",
        tools=("get_dr_status", "check_rto", "simulate_failover", "generate_dr_runbook"),
    )
    contract: ClassVar[type[MemberReport]] = DRMemberReport
    synthesis: ClassVar[str] = "plan.synthesis"

    def study(self, desk: ToolDesk) -> Study:
        return DRStudy(desk)


class DRStudy(OperatingStudy):
    """Reads the state of recovery pairs."""

    @property
    def pairs(self) -> dict[str, DrPairRow]:
        return {
            row.dr_pair_id: row
            for page in self.desk.book.outputs("get_dr_status", GetDrStatusOutput)
            for row in page.pairs
        }

    @property
    def complete(self) -> bool:
        """Whether the pairs were listed to their end."""
        pages = list(self.desk.book.outputs("get_dr_status", GetDrStatusOutput))
        return bool(pages) and pages[-1].next_cursor is None

    def unjudgeable(self) -> str | None:
        if self.pairs:
            return None
        if any(result.ok for result in self.desk.book.results if result.call.tool == "get_dr_status"):
            environment = self.desk.assignment.spec.environment
            return f"There is no recovery pair in {environment}, so there is nothing to test. Nothing was changed."
        return "The recovery pairs could not be read, so nothing is known and nothing was changed."

    def proposal_of(self, report: MemberReport) -> Contract | None:
        return report.proposal if isinstance(report, DRMemberReport) else None

    async def plan(self, proposal: Contract) -> DRRunbook:
        if not isinstance(proposal, DRProposal):
            raise NotPlannable("It is no choice of a drill or a failover.")
        if proposal.dr_pair_id not in self.pairs:
            raise NotPlannable(f"{proposal.dr_pair_id} is no pair that get_dr_status listed.")
        environment = self.desk.assignment.spec.environment
        output = await self.asked(
            "generate_dr_runbook",
            {"dr_pair_id": proposal.dr_pair_id, "kind": proposal.operation, "environment": environment},
        )
        return DRRunbook.model_validate({**self.parts(), **composed(GenerateDrRunbookOutput.model_validate(output))})

    @property
    def healthy(self) -> bool:
        return self.complete and bool(self.pairs) and all(_in_order(row) for row in self.pairs.values())

    def reason(self, *, nothing_to_do: bool, agreed: bool) -> str:
        wanting = sorted(name for name, row in self.pairs.items() if not _in_order(row))
        count = len(self.pairs)
        if nothing_to_do:
            return f"Nothing to test: all {count} recovery pairs meet their objectives and passed a test lately."
        if not agreed:
            return "The models did not agree on a drill or failover, so none is offered and nothing was changed."
        if not self.complete:
            return "The recovery pairs were not read to their end, so this is not called healthy. Nothing was changed."
        named = ", ".join(wanting[:5]) or "none"
        return f"{len(wanting)} of {count} recovery pairs are not in order ({named}), but no proposal stood."


def _in_order(row: DrPairRow) -> bool:
    tested = row.days_since_passed_test is not None and row.days_since_passed_test <= TESTED_WITHIN_DAYS
    met = row.rpo_verdict == "met" and row.rto_verdict == "met"
    return tested and met and not row.last_run_failed and not row.disagreements
