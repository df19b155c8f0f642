"""What is lost with some assets, as `calculate_blast_radius` computed it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tools.contracts.common import Contract, Environment, RiskLevel
from tools.contracts.sourced import SourcedRow


class LostCapacity(Contract):
    service: str
    site: str | None
    environment: Environment
    lost: int = Field(ge=0)
    running: int = Field(ge=0)
    """Before the loss."""
    left_percent: float = Field(ge=0, le=100)


class Dependent(Contract):
    """A service that needs one that is hit."""

    service: str
    environment: Environment
    kind: Literal["hard", "soft"]
    path: list[str]
    assets: int = Field(ge=0)


class BlastRadius(SourcedRow):
    direct_assets: int = Field(ge=0)
    direct_percent: float = Field(ge=0, le=100)
    reachable_assets: int = Field(ge=0)
    """Running assets of every service that depends on a hit one."""
    critical_assets: int = Field(ge=0)
    level: RiskLevel
    reasons: list[str] = Field(max_length=10)
    services: list[str] = Field(max_length=200)
    owners: list[str] = Field(max_length=200)
    capacity: list[LostCapacity] = Field(max_length=300)
    dependents: list[Dependent] = Field(max_length=200)
