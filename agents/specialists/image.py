"""The image agent (ADR-007): which golden images there are and how fit, and a build or a promotion of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from agents.specialists.capability import Capability
from agents.specialists.image_plan import built, promoted
from agents.specialists.investigation import ToolDesk
from agents.specialists.operating import NotPlannable, OperatingStudy
from agents.specialists.specialist import SpecialistAgent
from agents.specialists.study import Study
from tools.contracts.common import Contract, JsonObject
from tools.contracts.council import MemberReport
from tools.contracts.members.operations import ImageMemberReport, ImageProposal
from tools.contracts.outputs.image import ImageSpec
from tools.image.models import (
    GenerateImageContractOutput,
    ImageVersionRow,
    ListImageVersionsOutput,
    ValidateImageOutput,
)


@dataclass(frozen=True)
class ImageAgent(SpecialistAgent):
    capability: ClassVar[Capability] = Capability(
        task_type="image_lifecycle",
        agent="image",
        can="build golden images to the org's standard, check them, and promote them step by step",
        tools=("list_image_versions", "validate_image", "generate_image_contract"),
    )
    contract: ClassVar[type[MemberReport]] = ImageMemberReport
    synthesis: ClassVar[str] = "plan.synthesis"

    def study(self, desk: ToolDesk) -> Study:
        return ImageStudy(desk)


class ImageStudy(OperatingStudy):
    """Reads image versions and what was checked of them."""

    @property
    def images(self) -> dict[str, ImageVersionRow]:
        pages = self.desk.book.outputs("list_image_versions", ListImageVersionsOutput)
        return {row.image_id: row for page in pages for row in page.images}

    def unjudgeable(self) -> str | None:
        answered = [
            result
            for result in self.desk.book.results
            if result.ok and result.call.tool in ("list_image_versions", "generate_image_contract")
        ]
        return None if answered else "The images could not be read, so nothing is known and nothing was changed."

    def proposal_of(self, report: MemberReport) -> Contract | None:
        return report.proposal if isinstance(report, ImageMemberReport) else None

    async def plan(self, proposal: Contract) -> ImageSpec:
        if not isinstance(proposal, ImageProposal):
            raise NotPlannable("It is no choice of a build or a promotion.")
        fields = await (self._build(proposal) if proposal.operation == "build" else self._promotion(proposal))
        return ImageSpec.model_validate({**self.parts(), **fields})

    async def _build(self, proposal: ImageProposal) -> JsonObject:
        if proposal.os is None or proposal.purpose is None:
            raise NotPlannable("A build needs an OS and a purpose.")
        params = {"name": proposal.family, "os": proposal.os, "purpose": proposal.purpose}
        output = GenerateImageContractOutput.model_validate(await self.asked("generate_image_contract", params))
        return built(output, proposal, environment=self.desk.assignment.spec.environment)

    async def _promotion(self, proposal: ImageProposal) -> JsonObject:
        row = self.images.get(proposal.image_id or "")
        if row is None or row.family != proposal.family:
            raise NotPlannable(f"{proposal.image_id or 'No image'} is no image that list_image_versions listed.")
        output = ValidateImageOutput.model_validate(await self.asked("validate_image", {"image_id": row.image_id}))
        golden = next(
            (row.image_id for row in self.images.values() if row.family == proposal.family and row.golden), None
        )
        return promoted(output, proposal, golden=golden, environment=self.desk.assignment.spec.environment)

    @property
    def healthy(self) -> bool:
        """Every golden image that was looked at passes every check, and at least one was."""
        checked = {row.image_id: row.valid for row in self.desk.book.outputs("validate_image", ValidateImageOutput)}
        golden = [row.image_id for row in self.images.values() if row.golden]
        return bool(golden) and all(checked.get(name, False) for name in golden)

    def reason(self, *, nothing_to_do: bool, agreed: bool) -> str:
        if nothing_to_do:
            return "Nothing to build or promote: every golden image that was asked about passes every check."
        if not agreed:
            return "The models did not agree on a build or a promotion, so none is offered and nothing was changed."
        return f"{len(self.images)} image versions were looked at, but no proposal stood. Nothing was changed."
