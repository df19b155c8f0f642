"""What a council's outcome is and when it is settled, worked out again by trying every way the rest could go.

Shares no code with the product: plain dictionaries, whole numbers, the rules as ADR-006 and the README state them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

FAILED = "failed"
STANCES = ("support", "contradict", "silent")

Votes = Mapping[str, str]
"""Item → stance."""


@dataclass(frozen=True)
class Chamber:
    """One council, its answers in."""

    families: Mapping[str, str]
    """Member → family, of those who answered."""
    authors: Mapping[str, Sequence[str]]
    """Item → who proposed it."""
    plans: Mapping[str, Sequence[str]]
    """Member → the items that are its plan, in configured order of the members."""
    claims: Mapping[str, Sequence[str]] = field(default_factory=dict[str, "Sequence[str]"])
    """Member → the items that are its claims, in these words or in others."""
    threshold_percent: int = 70
    min_providers: int = 3
    percent: Mapping[str, int] = field(default_factory=dict[str, int])
    """Member → how much its vote counts for, of 100."""

    def outcome(self, votes: Mapping[str, Votes]) -> tuple[object, ...]:
        """`votes`: of those who voted; everyone else failed."""
        opposed = {item for item in self.authors if any(cast.get(item) == "contradict" for cast in votes.values())}
        if self._independent(votes) < self.min_providers:
            whole = [name for name, plan in self.plans.items() if plan and not opposed & set(plan)]
            return ("too few voted", whole[0] if whole else None)
        carried = frozenset(item for item in self.authors if self._carries(item, votes))
        stand = [name for name, plan in self.plans.items() if plan and carried.issuperset(plan)]
        order = list(self.plans)

        def rank(name: str) -> tuple[float, int, int]:
            plan = self.plans[name]
            mean = sum(self._for(item, votes) for item in plan) / len(plan)
            mine = set(self.claims.get(name, ())) & carried
            own = sum(self._stance(name, item, votes) == "support" for item in mine)
            return (round(mean, 6), own, -order.index(name))

        return ("voted", carried, max(stand, key=rank, default=None))

    def raises(self, votes: Mapping[str, Votes]) -> bool:
        """Whether more people have to approve it: no consensus, a vote against what carried, or one that is missing."""
        kind, *what = self.outcome(votes)
        if kind != "voted" or what[1] is None or set(votes) != set(self.families):
            return True
        return any(cast[item] == "contradict" for cast in votes.values() for item in cast if self._carries(item, votes))

    def settled(self, votes: Mapping[str, Votes], out: Sequence[str], *, quorum: bool = False) -> bool:
        """Whether every way in which those who are out could still vote, or fail, comes to one outcome.

        `quorum`: and to as many people who have to approve it.
        """
        seen: set[tuple[object, ...]] = set()
        for rest in self._futures(out):
            future = {**votes, **rest}
            seen.add((*self.outcome(future), self.raises(future) if quorum else None))
            if len(seen) > 1:
                return False
        return True

    def _futures(self, out: Sequence[str]) -> Iterator[dict[str, Votes]]:
        items = list(self.authors)
        ballots: list[Votes | None] = [
            dict(zip(items, cast, strict=True)) for cast in itertools.product(STANCES, repeat=len(items))
        ]
        ballots.append(None)
        for same in ballots:  # the likeliest to differ come first
            yield {} if same is None else dict.fromkeys(out, same)
        for mixed in itertools.product(ballots, repeat=len(out)):
            yield {name: cast for name, cast in zip(out, mixed, strict=True) if cast is not None}

    def _stance(self, member: str, item: str, votes: Mapping[str, Votes]) -> str:
        said = votes.get(member, {}).get(item, "silent")
        return "support" if member in self.authors[item] and said != "contradict" else said

    def _weight(self, member: str) -> float:
        relatives = sum(family == self.families[member] for family in self.families.values())
        return self.percent.get(member, 100) / relatives

    def _for(self, item: str, votes: Mapping[str, Votes]) -> float:
        return sum(self._weight(member) for member in self.families if self._stance(member, item, votes) == "support")

    def _carries(self, item: str, votes: Mapping[str, Votes]) -> bool:
        stances = {member: self._stance(member, item, votes) for member in self.families}
        supporters = [member for member, stance in stances.items() if stance == "support"]
        against = sum(self._weight(member) for member, stance in stances.items() if stance == "contradict")
        in_favour = self._for(item, votes)
        everyone = sum(self._weight(member) for member in self.families)
        heads = sum(self._weight(member) / self.percent.get(member, 100) for member in supporters)
        close = 1e-6  # thirds of a vote are no whole numbers
        return (
            heads > 2 - close
            and 2 * (in_favour + against) > everyone + close
            and 100 * in_favour > self.threshold_percent * (in_favour + against) + close
        )

    def _independent(self, members: Mapping[str, object]) -> int:
        return len({self.families[member] for member in members})
