"""What a check sees, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from policies.gate import Catalog, JudgeContext
from tools.contracts.estate import Asset, Image
from tools.contracts.plan import Action, Phase, Plan
from tools.contracts.taskspec import TimeWindow
from tools.contracts.verdict import Refusal
from tools.resources import Resource

HARMLESS = frozenset({"read_only", "plan_only"})


@dataclass(frozen=True)
class Observed:
    """The estate as its source gave it for the caller's org, just now."""

    assets: Mapping[str, Asset]
    images: Mapping[str, Image]
    resources: Mapping[str, Resource] = field(default_factory=dict[str, Resource])
    """Of the plan's resources, by id."""
    window: TimeWindow | None = None
    """The current or next change window of the sites of the plan's assets; None: there is none, or the plan has none.
    """


@dataclass(frozen=True)
class Case:
    """Everything a check may look at."""

    plan: Plan
    context: JudgeContext
    tools: Catalog
    observed: Observed

    def changes(self, action: Action) -> bool:
        """Whether the action changes state. An unknown tool, or one of unknown risk, counts as if it did."""
        tool = self.tools.get(action.tool)
        return tool is None or tool.get("risk") not in HARMLESS

    def forward(self) -> Iterator[tuple[Phase, Action]]:
        """Every action of a phase, whatever the phase's type."""
        return ((phase, action) for phase in self.plan.phases for action in phase.actions)

    def actions(self) -> Iterator[Action]:
        """Every action, those of the rollback too."""
        yield from (action for _, action in self.forward())
        yield from self.plan.rollback.actions

    def changing_phases(self) -> list[Phase]:
        return [
            phase
            for phase in self.plan.phases
            if phase.type in ("canary", "wave") or any(self.changes(action) for action in phase.actions)
        ]


Check = Callable[[Case], Iterable[Refusal]]


def refuse(rule: str, reason: str, *, repairable: bool = True) -> Refusal:
    return Refusal(gate="safety", rule=f"safety.{rule}", reason=reason, repairable=repairable)


def listed(names: Iterable[str], *, most: int = 5) -> str:
    """`a, b and 3 more`: enough to act on, whatever the number."""
    ordered = sorted(names)
    shown = ", ".join(name[:64] for name in ordered[:most])
    return shown if len(ordered) <= most else f"{shown} and {len(ordered) - most} more"
