"""ADR-006, operating modes: which one a task is worked in, and who or what chose it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tools.contracts.common import Contract, Mode

ModeSetting = Literal["auto", "single", "aggregation", "council"]
"""What can be asked for. `auto`: one model answers, and a council judges it where risk, doubt or a gate asks for it."""

ModeSource = Literal["request", "channel", "agent", "risk", "org", "default"]
"""Where a mode comes from, in the order of precedence."""


class ModeChoice(Contract):
    """The mode of one task, before anything was asked."""

    setting: ModeSetting
    source: ModeSource
    why: str = Field(max_length=200)
    """In a few words that go on from "Chosen:", e.g. `asked for in the request`. Written by code."""

    @property
    def mode(self) -> Mode:
        """How the models are asked first."""
        return "single" if self.setting == "auto" else self.setting

    @property
    def escalates(self) -> bool:
        """Whether a council may be called in later."""
        return self.setting == "auto"
