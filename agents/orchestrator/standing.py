"""Which member's plan the votes leave standing. Pure functions over the tally."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from agents.orchestrator.consensus import PhaseItem
from agents.orchestrator.electorate import Electorate
from tools.contracts.council import ClaimTally, Dissent, MemberReport

PLANNED = frozenset({"phase", "action"})
"""The kinds of items that make up a member's output: all of them carry, or it does not stand."""


@dataclass(frozen=True)
class Standing:
    """The plans that were put to the vote."""

    reports: Mapping[str, MemberReport]
    """In configured order: ties go to the earlier member."""
    phases: Mapping[str, Sequence[PhaseItem]]
    """Member → its plan's phases, or its conclusion. A member without any has no plan and cannot win."""

    def carried(self, rows: Sequence[ClaimTally]) -> list[str]:
        """The members all of whose phases carried."""
        return self._all_phases_in(phase_keys(row for row in rows if row.carried))

    def uncontradicted(self, rows: Sequence[ClaimTally]) -> list[str]:
        """The members against none of whose phases anyone voted."""
        return self._all_phases_in(phase_keys(row for row in rows if not row.contradict))

    def best(self, rows: Sequence[ClaimTally], electorate: Electorate) -> str | None:
        """The carried plan with the most support (mean over its phases and actions), then with the most carried
        claims, then of the earlier member.
        """
        weights = electorate.weights
        support = {
            row.claim.key: sum((weights[member] for member in row.support), Fraction(0))
            for row in rows
            if row.claim.kind in PLANNED
        }

        def rank(name: str) -> tuple[Fraction, int]:
            keys = self.keys(name)
            return sum((support[key] for key in keys), Fraction(0)) / len(keys), self.agreed(name, rows)

        return max(self.carried(rows), key=rank, default=None)

    def agreed(self, name: str, rows: Sequence[ClaimTally]) -> int:
        """How many of a member's own claims carried with its support.

        Who said it in other words stands by these words only where its ballot does.
        """
        return sum(name in row.support for row in self.own(name, rows))

    def own(self, name: str, rows: Sequence[ClaimTally]) -> list[ClaimTally]:
        """What a member stated, in whichever words, and carried: as many claims as it may come to agree with."""
        return [row for row in rows if row.claim.kind == "claim" and row.carried and name in row.claim.stated_by]

    def keys(self, name: str) -> list[str]:
        """Of the items without which the member's output is another one: its recommendations are not among them."""
        return [item.key for item in self.phases.get(name, ()) if item.kind in PLANNED]

    def _all_phases_in(self, keys: frozenset[str]) -> list[str]:
        return [name for name in self.reports if (own := self.keys(name)) and all(key in keys for key in own)]


def phase_keys(rows: Iterable[ClaimTally]) -> frozenset[str]:
    """Of the phases and actions among them."""
    return frozenset(row.claim.key for row in rows if row.claim.kind in PLANNED)


def mean_agreement(rows: Sequence[ClaimTally]) -> float | None:
    """Over the rows that carried; where none did, over all that were voted on. None: nothing was."""
    voted = [row for row in rows if row.agreement is not None]
    counted = [row for row in voted if row.carried] or voted
    shares = [row.agreement for row in counted if row.agreement is not None]
    return sum(shares) / len(shares) if shares else None


def margin_of(rows: Sequence[ClaimTally], keys: Collection[str]) -> float | None:
    """Mean of (S - C) / N over the rows with these keys; None: there is none.

    Unlike agreement it tells three of three from nine of nine with six silent.
    """
    margins = [row.coverage * (2 * (row.agreement or 0) - 1) for row in rows if row.claim.key in keys]
    return sum(margins) / len(margins) if margins else None


def dissents(rows: Sequence[ClaimTally]) -> list[Dissent]:
    """Every vote against, whether it prevailed or not, with the reason given."""
    return [
        Dissent(
            member=member,
            claim_id=row.claim.id,
            claim=row.claim.text,
            reason=row.reasons.get(member, ""),
            settled_by=row.settled_by.get(member, ""),
        )
        for row in rows
        for member in row.contradict
    ]
