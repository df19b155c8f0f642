"""The disaster-recovery agent's output (ADR-007)."""

from __future__ import annotations

from typing import Literal

from tools.contracts.plan import Plan, ResourceId


class DRRunbook(Plan):
    """How one recovery pair is drilled or failed over."""

    kind: Literal["DRRunbook"] = "DRRunbook"
    pair_id: ResourceId
