"""What members write for the agents that roll images out: the choices. The tools expand them into phases.

A model states every choice; the phases, fingerprints and comparisons come from tool results, so that a plan cannot
hold an asset or a version that no tool returned.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.contracts.common import Contract
from tools.contracts.council import MemberReport
from tools.contracts.plan import AssetId, HealthCheck


class RolloutChoices(Contract):
    """What the drift and the patch agent's proposals have in common."""

    summary: str = Field(min_length=1, max_length=600)
    asset_ids: list[AssetId] = Field(min_length=1)
    canary_size: int = Field(ge=1)
    max_batch_percent: float = Field(gt=0, le=100)
    wait_seconds: int = Field(ge=0, le=7 * 86400)
    health_checks: list[HealthCheck]


class DriftProposal(RolloutChoices):
    """Which image, besides."""

    target_image_id: str


class PatchProposal(RolloutChoices):
    """The image is not a choice: it is the family's golden one, if that closes what is to be closed."""

    cve_ids: list[Annotated[str, Field(min_length=1, max_length=80)]] = Field(default=[], max_length=20)
    """What the rollout must close. Empty: whatever it closes."""


class DriftMemberReport(MemberReport):
    """What a member of the drift agent answers: claims, and the choices of a rollout."""

    proposal: DriftProposal | None
    """None: the member finds that nothing should be changed, or that the evidence is not enough."""


class PatchMemberReport(MemberReport):
    """What a member of the patch agent answers: claims, and the choices of a rollout."""

    proposal: PatchProposal | None
    """None: the member finds that nothing should be changed, or that the evidence is not enough."""
