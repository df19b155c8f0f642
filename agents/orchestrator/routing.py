"""Which model is asked first: fast ones for parsing, capable ones for reasoning, and of each kind the one that has
proved worth it. Pure: what was measured is handed in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from agents.orchestrator.chat import Member, Purpose
from tools.contracts.common import AgentName

Job = Literal["parse", "reason"]

PURPOSES: Mapping[Job, frozenset[Purpose]] = {
    "parse": frozenset({"understand", "follow_up", "explain"}),
    "reason": frozenset({"investigate", "report"}),
}
"""What each job consists of. Votes and syntheses are not routed: whoever took part casts them."""

MOST_EXPLORED = 0.1
TOLERANCE = 0.03
"""Success so close to the best counts as the best, and the cheapest of these is asked."""


@dataclass(frozen=True)
class Track:
    """What was measured of one model at one job."""

    calls: int = 0
    failed: int = 0
    """Without a usable answer."""
    cost_usd: float | None = None
    """Of a call, the mean. None: unknown, which is not zero; one call of unknown cost makes it so."""
    judged: int = 0
    """Answers of which somebody said, or a run showed, whether they were right."""
    right: int = 0

    @property
    def failed_always(self) -> bool:
        """A wrong key, a model that is gone: nothing is learned from another try."""
        return self.calls >= 5 and self.failed == self.calls

    @property
    def success(self) -> float:
        """Answers, and is right when it does: both shrunk towards what little is known of a model at first."""
        answers = (self.calls - self.failed + 9) / (self.calls + 10)
        right = (self.right + 4) / (self.judged + 5)
        return answers * right


@dataclass(frozen=True)
class RoutingRules:
    learn: bool = True
    """Whether what was measured changes who is asked first."""
    explore: float = 0.05
    """Share of the tasks that ask another model first, so that there is something to measure. At most 0.1."""
    min_calls: int = 20
    """A model is judged by what was measured after so many calls."""
    pins: Mapping[str, str] = field(default_factory=dict[str, str])
    """Agent or job → name of the member that is asked first, whatever was measured. The agent's comes first."""

    def __post_init__(self) -> None:
        if not 0 <= self.explore <= MOST_EXPLORED:
            raise ValueError(f"At most {MOST_EXPLORED:.0%} of the tasks may explore, got {self.explore:.0%}.")


@dataclass(frozen=True)
class Route:
    members: tuple[Member, ...]
    """In the order in which they are asked."""
    why: str
    """A sentence for people."""
    explored: bool = False


def route(
    members: Sequence[Member],
    tracks: Mapping[str, Track],
    rules: RoutingRules,
    *,
    job: Job,
    agent: AgentName | None = None,
    task_id: str | None = None,
) -> Route:
    """Who is asked first, and then. `members`: those that can do the job, as configured.

    The same task gets the same answer from the same measurements, so that a retried step asks as it did before.
    `task_id` None: in general, without exploring.
    """
    pinned = rules.pins.get(agent or "") or rules.pins.get(job)
    if pinned is not None and any(member.name == pinned for member in members):
        return Route(_first(members, pinned), f"{pinned} is pinned (routing.pins).")
    if not rules.learn or len(members) < 2:
        why = (
            "There is no other."
            if len(members) == 1
            else "As configured: nothing is learned (routing.learn is off, or these are rehearsal models)."
        )
        return Route(tuple(members), why)
    best, why = _best(members, tracks, rules)
    ordered = _first(members, best)
    if task_id is not None and rules.explore > 0:
        drawn = hashlib.sha256(f"{task_id}/{job}/{agent}".encode()).digest()
        if int.from_bytes(drawn[:4], "big") < rules.explore * 2**32:
            others = [member for member in ordered[1:] if not tracks.get(member.name, Track()).failed_always]
            if others:
                other = others[int.from_bytes(drawn[4:8], "big") % len(others)]
                share = f"{rules.explore * 100:g} %"
                return Route(
                    _first(ordered, other.name), f"{other.name} is tried: {share} of tasks are.", explored=True
                )
    return Route(ordered, why)


def _best(members: Sequence[Member], tracks: Mapping[str, Track], rules: RoutingRules) -> tuple[str, str]:
    """Name and why. A model that was hardly asked is neither preferred nor passed over."""
    known = {member.name: tracks.get(member.name, Track()) for member in members}
    measured = [name for name, track in known.items() if track.calls >= rules.min_calls]
    first = members[0].name
    if first not in measured or len(measured) < 2:
        return first, f"As configured: fewer than {rules.min_calls} calls were measured of it, or of any other."
    top = max(known[name].success for name in measured)
    close = [name for name in measured if known[name].success >= top - TOLERANCE]
    # `min` keeps the configured order among equals.
    best = min(close, key=lambda name: _cost(known[name]))
    track = known[best]
    cost = "unknown cost" if track.cost_usd is None else f"${track.cost_usd:.4f} a call"
    return best, f"Measured over {track.calls:,} calls: success {track.success:.0%}, {cost}."


def _cost(track: Track) -> float:
    return float("inf") if track.cost_usd is None else track.cost_usd


def _first(members: Sequence[Member], name: str) -> tuple[Member, ...]:
    return tuple(sorted(members, key=lambda member: member.name != name))
