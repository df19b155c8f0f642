"""A case whose answer is a choice that becomes a plan: what is proposed, and how the phases of a plan are judged."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass

from bot.local.rehearsal.cases.case import Case
from bot.local.rehearsal.conversation import Json

_BRACKETS = re.compile(r"\[([^\]]*)\]")


@dataclass(frozen=True)
class ChoosingCase(Case):
    @abstractmethod
    def proposal(self) -> Json | None:
        """None: nothing needs doing, or the results are not enough to choose by."""

    @abstractmethod
    def subjects(self) -> set[str]:
        """What a phase may be about, by the results."""

    def on_phase(self, text: str) -> tuple[str, str]:
        """Stance and reason."""
        if text.strip().lower().startswith("nothing should be changed"):
            own = self.proposal()
            return ("support", "") if own is None else ("contradict", "The results show what is worth doing.")
        named = {name.strip() for group in _BRACKETS.findall(text) for name in group.split(",") if name.strip()}
        if strangers := sorted(named - self.subjects()):
            return "contradict", f"{', '.join(strangers[:3])}: in no result."
        return "support", ""

    # A choice is no report: it concludes and advises nothing.

    def advises(self) -> list[Json]:
        return []

    def conclusion(self) -> str:
        return "inconclusive" if self.proposal() is None else "findings"
