"""What a state-changing tool answers: what became of each asset that the call named."""

from __future__ import annotations

from tools.contracts.common import Contract


class AssetOutcome(Contract):
    asset_id: str
    ok: bool
    image_version: str | None
    message: str


class ChangeOutput(Contract):
    """Base of every state-changing tool's output."""

    outcomes: list[AssetOutcome]
    changed: int
    failed: int
