"""Pooling claims and counting votes. Pure functions: the same reports, votes and seed give the same outcome.

The rules are those of ADR-006 (council mode), made exact: silence is not disagreement, agreement and coverage
are counted apart and in effective votes, and a claim carries only strictly above the threshold.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from agents.orchestrator.canonical import claim_key, claim_text, plain_text
from tools.contracts.council import Ballot, ClaimTally, MemberReport, PooledClaim, Stance, VoteSheet

MINIMUM_SUPPORT = 2
"""Effective supporters without which nothing carries: one source alone never does."""

MINIMUM_COVERAGE = Fraction(1, 2)
"""More than this share of the effective votes must have taken a stance."""


_PREFIXES: Mapping[Literal["phase", "recommendation"], str] = {"phase": "p", "recommendation": "r"}
_KINDS: Mapping[str, Literal["claim", "phase", "recommendation"]] = {
    "c": "claim",
    "p": "phase",
    "r": "recommendation",
}


@dataclass(frozen=True)
class PhaseItem:
    """One phase of a member's plan, or its conclusion, or one of its recommendations, as it is voted on."""

    key: str
    """Equal for equal phases: type, assets, actions. Two members who propose the same phase share it."""
    text: str
    """One sentence for the voting members and for the thread."""
    kind: Literal["phase", "recommendation"] = "phase"
    """A member's output stands if all its `phase` items carry. A recommendation carries by itself."""


@dataclass(frozen=True)
class Electorate:
    """Who votes: the members that answered. A vote that then fails is silence and still counts in N."""

    families: Mapping[str, str]
    """Member → vendor or model family."""

    @property
    def weights(self) -> dict[str, Fraction]:
        """Effective votes of each member: a family's members share one (1 / how many of them there are)."""
        sizes = Counter(_family(family) for family in self.families.values())
        return {member: Fraction(1, sizes[_family(family)]) for member, family in self.families.items()}

    def effective(self, members: Iterable[str]) -> int:
        """How many independent families these members are."""
        return len({_family(self.families[member]) for member in members if member in self.families})


def _family(name: str) -> str:
    return plain_text(name).lower()


def shuffled(items: Iterable[str], *, seed: str) -> list[str]:
    """The distinct items in an order that depends on the seed alone, so that order tells nothing of authorship."""
    return sorted(set(items), key=lambda item: hashlib.sha256(f"{seed}\0{item}".encode()).digest())


def pool_claims(
    reports: Mapping[str, MemberReport], phases_by_member: Mapping[str, Sequence[PhaseItem]], *, seed: str
) -> list[PooledClaim]:
    """Everything the members state and propose, equal things once: claims `c1` …, phases `p1` …, recommendations `r1` …

    Members are read in name order, so that the order in which answers arrived changes nothing.
    """
    texts: dict[tuple[str, str], str] = {}
    authors: dict[tuple[str, str], list[str]] = {}

    def add(prefix: str, key: str, text: str, author: str) -> None:
        texts.setdefault((prefix, key), text)
        names = authors.setdefault((prefix, key), [])
        if author not in names:
            names.append(author)

    for member in sorted(reports):
        for claim in reports[member].claims:
            add("c", claim_key(claim), claim_text(claim), member)
    for member in sorted(phases_by_member):
        for item in phases_by_member[member]:
            add(_PREFIXES[item.kind], item.key, plain_text(item.text), member)

    pooled: list[PooledClaim] = []
    for prefix, kind in _KINDS.items():
        keys = shuffled((key for of, key in texts if of == prefix), seed=seed)
        pooled += [
            PooledClaim(
                id=f"{prefix}{number}",
                text=texts[prefix, key],
                kind=kind,
                key=key,
                authors=authors[prefix, key],
            )
            for number, key in enumerate(keys, start=1)
        ]
    return pooled


def stance_of(member: str, claim: PooledClaim, sheet: VoteSheet | None) -> tuple[Stance, str]:
    """A member's stance on one claim, and the reason it gave.

    An author supports its own claim unless its own ballot contradicts it. Ballots that differ from one another
    cancel out to silence. No ballot is silence.
    """
    ballots: list[Ballot] = [ballot for ballot in sheet.ballots if ballot.claim_id == claim.id] if sheet else []
    stances = {ballot.stance for ballot in ballots}
    reason = plain_text(ballots[0].reason) if len(stances) == 1 else ""
    if member in claim.authors and "contradict" not in stances:
        return "support", reason
    return (ballots[0].stance, reason) if len(stances) == 1 else ("silent", "")


def _carries(support: Fraction, contradict: Fraction, *, total: Fraction, threshold: Fraction) -> bool:
    stated = support + contradict
    return (
        support >= MINIMUM_SUPPORT and stated > MINIMUM_COVERAGE * total and support > threshold * stated
    )  # strictly: with three voters, 2/3 does not pass 0.7, and 7 of 10 does not either


def exact_threshold(threshold: float) -> Fraction:
    """0.7 as 7/10, not as the binary fraction just below it."""
    return Fraction(str(threshold))


def tally(
    pooled: Sequence[PooledClaim],
    sheets: Mapping[str, VoteSheet],
    electorate: Electorate,
    *,
    threshold: float,
    min_providers: int,
) -> list[ClaimTally]:
    """The claim × member matrix, counted. Rows are in pooled order.

    `sheets` holds the votes that arrived. Nothing carries unless they come from at least `min_providers`
    independent families. Sheets of strangers and ballots on unknown claims are ignored.
    """
    quorate = electorate.effective(sheets) >= min_providers
    weights = electorate.weights
    total = sum(weights.values(), Fraction(0))
    limit = exact_threshold(threshold)
    rows: list[ClaimTally] = []
    for claim in pooled:
        stances: dict[Stance, list[str]] = {"support": [], "contradict": [], "silent": []}
        reasons: dict[str, str] = {}
        for member in electorate.families:
            stance, reason = stance_of(member, claim, sheets.get(member))
            stances[stance].append(member)
            if stance == "contradict":
                reasons[member] = reason
        support = sum((weights[member] for member in stances["support"]), Fraction(0))
        contradict = sum((weights[member] for member in stances["contradict"]), Fraction(0))
        stated = support + contradict
        rows.append(
            ClaimTally(
                claim=claim,
                support=stances["support"],
                contradict=stances["contradict"],
                silent=stances["silent"],
                agreement=float(support / stated) if stated else None,
                coverage=float(stated / total) if total else 0.0,
                carried=quorate and _carries(support, contradict, total=total, threshold=limit),
                single_source=electorate.effective(stances["support"]) == 1,
                reasons=reasons,
            )
        )
    return rows


def still_open(
    pooled: Sequence[PooledClaim],
    sheets: Mapping[str, VoteSheet],
    electorate: Electorate,
    *,
    threshold: float,
    min_providers: int,
) -> bool:
    """Whether a vote that has not arrived could still change which claims carry.

    `sheets` holds the votes so far; each member without one may yet support, contradict, stay silent or fail. False:
    stop waiting. Exact, not a guess: support only ever helps a claim; against it, contradiction lowers agreement
    and silence lowers coverage, so the two extremes bound every way the rest can vote.
    """
    outstanding = [member for member in electorate.families if member not in sheets]
    if not outstanding:
        return False
    if electorate.effective(electorate.families) < min_providers:
        return False
    if electorate.effective(sheets) < min_providers:
        return True
    weights = electorate.weights
    total = sum(weights.values(), Fraction(0))
    rest = sum((weights[member] for member in outstanding), Fraction(0))
    limit = exact_threshold(threshold)
    for claim in pooled:
        stances = {member: stance_of(member, claim, sheet)[0] for member, sheet in sheets.items() if member in weights}
        support = sum((weights[member] for member, stance in stances.items() if stance == "support"), Fraction(0))
        against = sum((weights[member] for member, stance in stances.items() if stance == "contradict"), Fraction(0))
        can_carry = _carries(support + rest, against, total=total, threshold=limit)
        must_carry = _carries(support, against + rest, total=total, threshold=limit) and _carries(
            support, against, total=total, threshold=limit
        )
        if can_carry and not must_carry:
            return True
    return False
