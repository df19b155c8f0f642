"""What members write for the recovery and the image agent: the choice. The tools write contract, runbook and calls."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tools.contracts.common import Contract
from tools.contracts.council import MemberReport
from tools.contracts.plan import ResourceId

_Name = Annotated[str, Field(min_length=1, max_length=80)]


class DRProposal(Contract):
    summary: str = Field(min_length=1, max_length=600)
    dr_pair_id: ResourceId
    operation: Literal["drill", "failover"]
    """A failover only where the person asked for one."""


class DRMemberReport(MemberReport):
    """What a member of the recovery agent answers: claims, and what to test or to fail over."""

    proposal: DRProposal | None
    """None: the member finds that nothing need be tested, or that the evidence is not enough."""


class ImageProposal(Contract):
    summary: str = Field(min_length=1, max_length=600)
    operation: Literal["build", "promote"]
    family: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$")]
    os: _Name | None = None
    """To build: a base's OS and version, e.g. `ubuntu 24.04`."""
    purpose: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    """To build."""
    image_id: ResourceId | None = None
    """To promote one that exists."""
    promote_to: Literal["dev", "staging", "production", "deprecated"] | None = None
    """As far as this; None: it stays a draft."""


class ImageMemberReport(MemberReport):
    """What a member of the image agent answers: claims, and what to build or to promote."""

    proposal: ImageProposal | None
    """None: the member finds that nothing should be built or promoted, or that the evidence is not enough."""
