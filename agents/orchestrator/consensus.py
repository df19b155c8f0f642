"""Pooling claims and counting votes. Pure functions: the same reports, votes and seed give the same outcome.

The rules are those of ADR-006 (council mode), made exact: silence is not disagreement, agreement and coverage
are counted apart and in effective votes, and a claim carries only strictly above the threshold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from agents.orchestrator.canonical import claim_key, claim_text, plain_text
from agents.orchestrator.electorate import Electorate
from tools.contracts.council import Ballot, ClaimTally, MemberReport, PooledClaim, Stance, VoteSheet

MINIMUM_SUPPORT = 2
"""Effective supporters without which nothing carries: one source alone never does."""

MINIMUM_COVERAGE = Fraction(1, 2)
"""More than this share of the effective votes must have taken a stance."""


_PREFIXES: Mapping[Literal["phase", "action", "recommendation"], str] = {
    "phase": "p",
    "action": "a",
    "recommendation": "r",
}
_KINDS: Mapping[str, Literal["claim", "phase", "action", "recommendation"]] = {
    "c": "claim",
    "p": "phase",
    "a": "action",
    "r": "recommendation",
}


@dataclass(frozen=True)
class PhaseItem:
    """One phase or action of a member's plan, or its conclusion, or a recommendation, as it is voted on."""

    key: str
    """Equal for equal phases: type, assets, actions. Two members who propose the same phase share it."""
    text: str
    """One sentence for the voting members and for the thread."""
    kind: Literal["phase", "action", "recommendation"] = "phase"
    """A member's output stands if all its `phase` and `action` items carry. A recommendation carries by itself."""
    of: str = ""
    """Of an action: the key of the phase it is part of. Empty: of none."""


def shuffled(items: Iterable[str], *, seed: str) -> list[str]:
    """The distinct items in an order that depends on the seed alone, so that order tells nothing of authorship."""
    return sorted(set(items), key=lambda item: hashlib.sha256(f"{seed}\0{item}".encode()).digest())


def pool_claims(
    reports: Mapping[str, MemberReport], phases_by_member: Mapping[str, Sequence[PhaseItem]], *, seed: str
) -> list[PooledClaim]:
    """Everything the members state and propose, equal things once: claims `c1` …, phases `p1` …, actions `a1` …,
    recommendations `r1` ….

    Members are read in name order, so that the order in which answers arrived changes nothing.
    """
    texts: dict[tuple[str, str], str] = {}
    authors: dict[tuple[str, str], list[str]] = {}
    part_of: dict[str, set[str]] = {}

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
            if item.kind == "action" and item.of:
                part_of.setdefault(item.key, set()).add(item.of)

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
                # Phases come before actions: those an action is part of are pooled by now.
                phases=[phase.id for phase in pooled if phase.kind == "phase" and phase.key in part_of[key]]
                if kind == "action" and key in part_of
                else [],
            )
            for number, key in enumerate(keys, start=1)
        ]
    return pooled


def stance_of(member: str, claim: PooledClaim, sheet: VoteSheet | None) -> Stance:
    """A member's stance on one claim.

    An author supports its own claim unless its own ballot contradicts it. Ballots that differ from one another
    cancel out to silence. No ballot is silence.
    """
    stances: set[Stance] = {ballot.stance for ballot in ballots_of(claim, sheet)}
    if member in claim.authors and "contradict" not in stances:
        return "support"
    return stances.pop() if len(stances) == 1 else "silent"


def ballots_of(claim: PooledClaim, sheet: VoteSheet | None) -> list[Ballot]:
    return [ballot for ballot in sheet.ballots if ballot.claim_id == claim.id] if sheet else []


@dataclass(frozen=True)
class Count:
    """One claim's votes, added up by weight."""

    supporters: Fraction
    """Effective votes for it, each as much as any other's: what :data:`MINIMUM_SUPPORT` is held against."""
    support: Fraction
    contradict: Fraction
    total: Fraction
    """Of the whole electorate."""

    @property
    def stated(self) -> Fraction:
        return self.support + self.contradict

    @property
    def is_covered(self) -> bool:
        return self.stated > MINIMUM_COVERAGE * self.total

    def carries(self, threshold: Fraction) -> bool:
        """Enough supporters, enough stances, and agreement strictly above the threshold: with three equal voters 2/3
        does not pass 0.7, and 7 of 10 does not either.
        """
        return self.supporters >= MINIMUM_SUPPORT and self.is_covered and self.support > threshold * self.stated


def count(stances: Mapping[str, Stance], electorate: Electorate) -> Count:
    """The votes on one claim. A member without a stance here is silent."""
    weights, shares = electorate.weights, electorate.shares
    supporters = [member for member, stance in stances.items() if stance == "support"]
    opponents = [member for member, stance in stances.items() if stance == "contradict"]
    return Count(
        supporters=sum((shares[member] for member in supporters), Fraction(0)),
        support=sum((weights[member] for member in supporters), Fraction(0)),
        contradict=sum((weights[member] for member in opponents), Fraction(0)),
        total=sum(weights.values(), Fraction(0)),
    )


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
    limit = exact_threshold(threshold)
    rows: list[ClaimTally] = []
    for claim in pooled:
        stances: dict[str, Stance] = {
            member: stance_of(member, claim, sheets.get(member)) for member in electorate.families
        }
        counted = count(stances, electorate)
        against = {
            member: ballots_of(claim, sheets.get(member))[0]
            for member, stance in stances.items()
            if stance == "contradict"
        }
        rows.append(
            ClaimTally(
                claim=claim,
                support=_with("support", stances),
                contradict=list(against),
                silent=_with("silent", stances),
                effective_support=float(counted.support),
                effective_contradict=float(counted.contradict),
                agreement=float(counted.support / counted.stated) if counted.stated else None,
                coverage=float(counted.stated / counted.total) if counted.total else 0.0,
                carried=quorate and counted.carries(limit),
                single_source=electorate.effective(_with("support", stances)) == 1,
                reasons={member: plain_text(ballot.reason) for member, ballot in against.items()},
                settled_by={
                    member: text for member, ballot in against.items() if (text := plain_text(ballot.settled_by))
                },
            )
        )
    return rows


def _with(wanted: Stance, stances: Mapping[str, Stance]) -> list[str]:
    return [member for member, stance in stances.items() if stance == wanted]
