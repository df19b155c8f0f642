"""Whether a vote that has not arrived could still change the outcome. Exact, not a guess.

The outcome is what carries and whose plan stands, and, where people approve it, how many of them have to: dissent
raises the quorum, and so does a voter that was not heard, because it may have dissented.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from agents.orchestrator.consensus import count, exact_threshold, stance_of, tally
from agents.orchestrator.electorate import Electorate
from agents.orchestrator.standing import PLANNED, Standing
from tools.contracts.council import ClaimTally, PooledClaim, Stance, VoteSheet


@dataclass(frozen=True)
class Ballotage:
    """One round of votes, and the rules it is counted by."""

    pooled: Sequence[PooledClaim]
    standing: Standing
    electorate: Electorate
    threshold: float
    min_providers: int

    def is_decided(self, sheets: Mapping[str, VoteSheet], out: Collection[str]) -> bool:
        """`sheets` holds the votes so far. Each member in `out` may yet support, contradict or say nothing on each
        item, or fail; whoever is in neither has failed.
        """
        if not out:
            return True
        families = self.electorate
        if families.effective({*sheets, *out}) < self.min_providers:
            # Too few will have voted whatever comes: what counts then is which plans nobody speaks against.
            return not self.standing.uncontradicted(self._rows(sheets))
        if families.effective(sheets) < self.min_providers:
            return False
        if any(self._open(claim, sheets, out) for claim in self.pooled):
            return False
        return self._stands(self._rows(sheets), out)

    def is_heard(self, sheets: Mapping[str, VoteSheet], out: Collection[str]) -> bool:
        """Once :meth:`is_decided`: whether what is left to say can no longer change how many people must approve."""
        lost = [name for name in self.electorate.families if name not in sheets and name not in out]
        if not out or lost or self.electorate.effective(sheets) < self.min_providers:
            return True
        rows = self._rows(sheets)
        if self.standing.best(rows, self.electorate) is None:
            return True  # no consensus: that raises it by itself
        return any(row.contradict for row in rows if row.carried)

    def _rows(self, sheets: Mapping[str, VoteSheet]) -> list[ClaimTally]:
        return tally(self.pooled, sheets, self.electorate, threshold=self.threshold, min_providers=self.min_providers)

    def _open(self, claim: PooledClaim, sheets: Mapping[str, VoteSheet], out: Collection[str]) -> bool:
        """Support only ever helps a claim; against it, contradiction lowers agreement and silence lowers coverage. An
        author is never silent on its own claim. So three extremes bound every way the rest can vote.
        """
        weights, shares = self.electorate.weights, self.electorate.shares
        limit = exact_threshold(self.threshold)
        voted: dict[str, Stance] = {
            member: stance_of(member, claim, sheets.get(member))
            for member in self.electorate.families
            if member not in out
        }
        now = count(voted, self.electorate)
        rest = sum((weights[member] for member in out), Fraction(0))
        authors = sum((weights[member] for member in out if member in claim.authors), Fraction(0))
        for_it = replace(
            now,
            supporters=now.supporters + sum((shares[member] for member in out), Fraction(0)),
            support=now.support + rest,
        )
        against_it = replace(now, contradict=now.contradict + rest)
        # As little as can be said of it; who says it does not matter to coverage.
        unsaid = replace(now, support=now.support + authors)
        must_carry = against_it.carries(limit) and unsaid.is_covered
        return for_it.carries(limit) and not must_carry

    def _stands(self, rows: Sequence[ClaimTally], out: Collection[str]) -> bool:
        """Whether, with what carries settled, the rest can no longer decide which of the carried plans is the best."""
        best = self.standing.best(rows, self.electorate)
        if best is None:
            return True
        names = list(self.standing.reports)
        own = frozenset(self.standing.keys(best))
        for name in self.standing.carried(rows):
            if frozenset(self.standing.keys(name)) == own:
                continue
            lead = self._least_lead(best, name, rows, out)
            agreed = self._least_agreed(best, name, rows, out)
            if (lead, agreed, names.index(name) - names.index(best)) < (0, 0, 0):
                return False
        return True

    def _least_lead(self, best: str, other: str, rows: Sequence[ClaimTally], out: Collection[str]) -> Fraction:
        """Of one plan's mean support over another's, if all who are out vote for the other one as best they can."""
        weights = self.electorate.weights
        mine, theirs = self.standing.keys(best), self.standing.keys(other)
        lead = Fraction(0)
        for row in (row for row in rows if row.claim.kind in PLANNED):
            key = row.claim.key
            worth = Fraction(mine.count(key), len(mine)) - Fraction(theirs.count(key), len(theirs))
            voted = sum((weights[member] for member in row.support if member not in out), Fraction(0))
            rest = sum((weights[member] for member in out), Fraction(0)) if worth < 0 else Fraction(0)
            lead += worth * (voted + rest)
        return lead

    def _least_agreed(self, best: str, other: str, rows: Sequence[ClaimTally], out: Collection[str]) -> int:
        """Of one member's own claims over another's, if both vote on theirs as that other would have it."""
        mine = 0 if best in out else self.standing.agreed(best, rows)
        return mine - (len(self.standing.own(other, rows)) if other in out else self.standing.agreed(other, rows))
