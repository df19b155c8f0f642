"""Faults on request: the ways in which real model endpoints fail."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.local.rehearsal.obedient import Order

FaultKind = Literal[
    "slow",
    "status_429",
    "status_500",
    "cut_stream",
    "invalid_json",
    "invented_assets",
    "confident_nonsense",
    "stubborn",
    "parrot",
    "obedient",
]


class Fault(BaseModel):
    """What shall go wrong. The body of `POST /local/faults`."""

    model_config = ConfigDict(extra="forbid")

    model: str = "*"
    """`*`: every model."""
    kind: FaultKind
    count: int | None = Field(default=None, ge=1)
    """How many requests it hits. None: until it is cleared."""
    seconds: float = Field(default=30, ge=0, le=3600)
    """For `slow`: how long; for `status_429`: the Retry-After."""
    orders: list[Order] = []
    """For `obedient`: what planted texts ask for."""


class Faults:
    """The faults in force, oldest first."""

    def __init__(self) -> None:
        self._active: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._active.append(fault)

    def clear(self) -> None:
        self._active.clear()

    def listed(self) -> list[Fault]:
        return list(self._active)

    def hit(self, model: str) -> dict[FaultKind, Fault]:
        """The faults that hit this request, each counted down by one."""
        hits: dict[FaultKind, Fault] = {}
        for fault in list(self._active):
            if fault.model not in {"*", model} or fault.kind in hits:
                continue
            hits[fault.kind] = fault
            if fault.count is not None:
                fault.count -= 1
                if fault.count == 0:
                    self._active.remove(fault)
        return hits
