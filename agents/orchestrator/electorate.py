"""Who votes on a council, and what each vote weighs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from agents.orchestrator.canonical import plain_text

LEAST_RELIABILITY = Fraction(1, 2)
MOST_RELIABILITY = Fraction(3, 2)
"""However good or bad a member has proved, its vote counts for half to one and a half of a stranger's. With the two
independent supporters that anything needs (:data:`agents.orchestrator.consensus.MINIMUM_SUPPORT`), no member's record
lets it carry alone."""


@dataclass(frozen=True)
class Electorate:
    """The members that answered. A vote that then fails is silence and still counts in N."""

    families: Mapping[str, str]
    """Member → vendor or model family. Members whose errors have proved to be the same ones are given one name."""
    reliability: Mapping[str, Fraction] = field(default_factory=dict[str, Fraction])
    """Member → factor learned from outcomes that people confirmed; 1 where nothing was learned."""

    def __post_init__(self) -> None:
        for member, factor in self.reliability.items():
            if not LEAST_RELIABILITY <= factor <= MOST_RELIABILITY:
                raise ValueError(f"The reliability of {member} must be from 0.5 to 1.5, got {float(factor):g}.")

    def among(self, members: Collection[str]) -> Electorate:
        """Those of the members that are in `members`, in the order given here."""
        return Electorate({name: family for name, family in self.families.items() if name in members}, self.reliability)

    @property
    def shares(self) -> dict[str, Fraction]:
        """Effective votes of each member: a family's members share one (1 / how many of them there are)."""
        sizes = Counter(_family(family) for family in self.families.values())
        return {member: Fraction(1, sizes[_family(family)]) for member, family in self.families.items()}

    @property
    def weights(self) -> dict[str, Fraction]:
        """What each vote counts for in agreement and coverage: its share, times the member's reliability."""
        return {member: share * self.reliability.get(member, Fraction(1)) for member, share in self.shares.items()}

    def effective(self, members: Iterable[str]) -> int:
        """How many independent families these members are."""
        return len({_family(self.families[member]) for member in members if member in self.families})


def _family(name: str) -> str:
    return plain_text(name).lower()
