"""What members have proved worth: learned from outcomes that people confirmed, bounded, and by default nothing.

A vote's weight is its member's log-odds of being right against the group's (the weights under which a weighted
majority of independent voters is best: Nitzan and Paroush 1982), drawn towards the group's where there is little to
go by. Members that are wrong together, and hardly ever apart, are one voice, whatever their vendors are called.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

from agents.orchestrator.calibration import Calibrator
from agents.orchestrator.electorate import LEAST_RELIABILITY, MOST_RELIABILITY, Electorate

PRIOR_VOTES = 20.0
"""As if each member had cast so many more votes, right as often as the whole group is."""

LEAST_GROUP = 0.6
"""The group is taken to be right at least so often: nearer to a coin, log-odds compare nothing."""

SAME_ERRORS = 0.8
"""Members share a vote when surely (Wilson, 95 %) more than this part of the errors of either are errors of both.
Models of different makers agree in about 60 % of the cases in which both are wrong, which is not enough."""

STEP = 20
"""Weights are whole twentieths, so that counts stay exact."""


@dataclass(frozen=True)
class Verdict:
    """One vote on something whose truth was confirmed afterwards."""

    item: str
    """Equal for the votes on one thing: the task and what in it was voted on."""
    member: str
    right: bool


@dataclass(frozen=True)
class Learned:
    """What an org knows of its council for one kind of agent."""

    reliability: Mapping[str, Fraction] = field(default_factory=dict[str, Fraction])
    """Member → factor. Who is not in it is taken as the group is."""
    alike: Sequence[frozenset[str]] = ()
    """Groups of members that are wrong together."""
    calibrator: Calibrator | None = None

    def electorate(self, families: Mapping[str, str]) -> Electorate:
        """The members' families, with those that are wrong together in one family, and their weights."""
        joined = dict(families)
        for group in self.alike:
            there = [name for name in joined if name in group]
            kin = {joined[name] for name in there}
            for name, family in joined.items():
                if family in kin and there:
                    joined[name] = joined[there[0]]
        factors = {name: self.reliability[name] for name in joined if name in self.reliability}
        return Electorate(joined, factors)


class TrackRecords(Protocol):
    async def learned(self, org: str, agent: str) -> Learned:
        """Raises `LedgerUnavailable`."""
        ...


class NothingLearned:
    """Every member is worth one vote."""

    async def learned(self, org: str, agent: str) -> Learned:
        del org, agent
        return Learned()


def learn(verdicts: Sequence[Verdict], *, calibrator: Calibrator | None = None) -> Learned:
    """From all confirmed votes of an org on one kind of agent's work."""
    return Learned(_reliability(verdicts), _alike(verdicts), calibrator)


def _reliability(verdicts: Sequence[Verdict]) -> dict[str, Fraction]:
    cast: dict[str, list[bool]] = defaultdict(list)
    for verdict in verdicts:
        cast[verdict.member].append(verdict.right)
    if not verdicts:
        return {}
    # One more of either kind: a group that was never wrong is not infinitely good.
    group = max(LEAST_GROUP, (sum(verdict.right for verdict in verdicts) + 1) / (len(verdicts) + 2))
    return {member: _factor(votes, group) for member, votes in cast.items()}


def _factor(votes: Sequence[bool], group: float) -> Fraction:
    shrunk = (sum(votes) + PRIOR_VOTES * group) / (len(votes) + PRIOR_VOTES)
    factor = Fraction(round(STEP * _logit(shrunk) / _logit(group)), STEP)
    return min(MOST_RELIABILITY, max(LEAST_RELIABILITY, factor))


def _logit(chance: float) -> float:
    return math.log(chance / (1 - chance))


def _alike(verdicts: Sequence[Verdict]) -> tuple[frozenset[str], ...]:
    by_item: dict[str, dict[str, bool]] = defaultdict(dict)
    for verdict in verdicts:
        by_item[verdict.item][verdict.member] = verdict.right
    either: dict[frozenset[str], int] = defaultdict(int)
    both: dict[frozenset[str], int] = defaultdict(int)
    for votes in by_item.values():
        for one, other in itertools.combinations(sorted(votes), 2):
            wrong = (not votes[one]) + (not votes[other])
            either[frozenset((one, other))] += wrong > 0
            both[frozenset((one, other))] += wrong > 1
    groups: list[frozenset[str]] = []
    for pair, count in either.items():
        if surely_above(both[pair], count) <= SAME_ERRORS:
            continue
        touching = [group for group in groups if group & pair]
        groups = [group for group in groups if not group & pair] + [pair.union(*touching)]
    return tuple(sorted(groups, key=sorted))


def surely_above(successes: int, trials: int) -> float:
    """The lower end of Wilson's 95 % interval of a share; 0 where nothing was tried."""
    if not trials:
        return 0.0
    z, share = 1.96, successes / trials
    middle = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return (middle - spread) / (1 + z * z / trials)
