"""Which claims in free words might state the same at all. Code's word: no judge is asked about the others.

Merging two different claims would invent agreement, so whatever is in doubt stays apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.orchestrator.canonical import claim_key, claim_text, is_structured, normal_value, plain_text
from agents.orchestrator.consensus import shuffled
from tools.contracts.council import Claim, MemberReport
from tools.tokens import facts_in, words_of

MOST_CLAIMS = 24
MOST_PAIRS = 40
"""In one call. What is beyond it stays apart."""

_NEGATIONS = (
    "no not never none nothing nobody neither nor without cannot unable fails failed failing lacks lacking absent"
    " missing kein keine keinen nicht nie ohne non ne pas sans aucun sin nunca ningún não sem не нет без"
)
_NOT = frozenset(_NEGATIONS.split())
_JOINED = re.compile(r"[^\W_][._:@+~-][^\W_]")
"""`payments-api`, `db.orders`: more likely a name than a word."""

_THOUSANDS = re.compile(r",(?=\d{3})")
_CONTRACTED = re.compile(r"n['’]t(?!\w)")

_EXTENT: Mapping[str, str] = {
    **dict.fromkeys(("all", "every", "each", "any", "entire", "whole", "always"), "all"),
    **dict.fromkeys(("some", "several", "sometimes", "certain", "partly", "partially"), "some"),
    **dict.fromkeys(("most", "mostly", "majority", "usually"), "most"),
    **dict.fromkeys(("few", "rarely", "hardly", "barely"), "few"),
    **dict.fromkeys(("only", "solely", "alone", "exclusively"), "only"),
    **dict.fromkeys(("maybe", "may", "might", "could", "possibly", "probably", "likely", "perhaps"), "maybe"),
    **dict.fromkeys(("least", "over", "above", "more", "exceeds", "higher", "greater"), "more"),
    **dict.fromkeys(("under", "below", "less", "fewer", "lower", "fewest"), "less"),
}
"""Words of how much and how surely. Where two claims differ in them, they say different things."""

_OPPOSITES = (
    "healthy unhealthy/up down/enabled disabled/open closed/before after/increased decreased/increase decrease"
    "/rose fell/faster slower/started stopped/running stopped/succeeded failed/success failure/safe unsafe"
    "/known unknown/compliant noncompliant/online offline/available unavailable/encrypted unencrypted/new old"
    "/newer older/first last/reachable unreachable/stable unstable/public private/allowed denied/inbound outbound"
    "/cause effect/upgrade downgrade/upgraded downgraded/added removed/present absent/primary secondary"
    "/active passive/full empty/start end"
)
_OPPOSED = frozenset(frozenset[str](pair.split()) for pair in _OPPOSITES.split("/"))


@dataclass(frozen=True)
class Pair:
    """Two claims that a judge may be asked about."""

    id: str
    first: str
    second: str
    """Canonical keys."""
    texts: tuple[str, str]
    """As they are put to the vote. Untrusted."""


def pairs_of(reports: Mapping[str, MemberReport], *, seed: str, names: frozenset[str] = frozenset()) -> list[Pair]:
    """Claims in free words by different members that might state the same, in an order that tells nothing of authors.

    `names`: known names of things, in lower case, as :func:`tools.tokens.facts_in` takes them. A member that states
    both holds them to be two claims.
    """
    claims: dict[str, Claim] = {}
    authors: dict[str, set[str]] = {}
    for member in sorted(reports):
        for claim in reports[member].claims:
            if not is_structured(claim):
                claims.setdefault(claim_key(claim), claim)
                authors.setdefault(claim_key(claim), set()).add(member)
    keys = shuffled(claims, seed=f"{seed}/alike")[:MOST_CLAIMS]
    found = [
        (first, second)
        for at, first in enumerate(keys)
        for second in keys[at + 1 :]
        if not authors[first] & authors[second] and might_be_same(claims[first], claims[second], names=names)
    ]
    return [
        Pair(f"m{number}", first, second, (claim_text(claims[first]), claim_text(claims[second])))
        for number, (first, second) in enumerate(found[:MOST_PAIRS], start=1)
    ]


def might_be_same(one: Claim, other: Claim, *, names: frozenset[str] = frozenset()) -> bool:
    """Whether polarity, extent, targets and figures are the same, as far as code can tell."""
    if one.negated != other.negated or not _fields_agree(one, other):
        return False
    left, right = words_of(plain_text(one.text)), words_of(plain_text(other.text))
    if _negations(one.text, left) % 2 != _negations(other.text, right) % 2 or _extent(left) != _extent(right):
        return False
    if any(frozenset({a, b}) in _OPPOSED for a in set(left) - set(right) for b in set(right) - set(left)):
        return False
    # In order: `web-1 waits for db-2` is not `db-2 waits for web-1`.
    return _targets(left, names) == _targets(right, names)


def _fields_agree(one: Claim, other: Claim) -> bool:
    """What both state of subject, attribute and value is the same; what one leaves open says nothing."""
    named = [(one.subject, other.subject), (one.attribute, other.attribute)]
    same = all(a.lower() == b.lower() for x, y in named if (a := plain_text(x)) and (b := plain_text(y)))
    if not (plain_text(one.value) and plain_text(other.value)):
        return same
    mine = normal_value(one.value, attribute=one.attribute)
    return same and mine == normal_value(other.value, attribute=other.attribute)


def _negations(text: str, words: Sequence[str]) -> int:
    return sum(word in _NOT for word in words) + len(_CONTRACTED.findall(text.lower()))


def _extent(words: Sequence[str]) -> set[str]:
    return {_EXTENT[word] for word in words if word in _EXTENT}


def _targets(words: Sequence[str], names: frozenset[str]) -> list[str]:
    """Figures, versions, names, and whatever is spelt like a name, in order, each once. 1.10 is not 1.1."""
    found: dict[str, None] = {}
    for word in words:
        if any(character.isdigit() for character in word):
            found[_THOUSANDS.sub("", word)] = None
        elif word in names or _JOINED.search(word):
            found[word] = None
        else:
            found.update(dict.fromkeys(facts_in(word)))  # a figure in words
    return list(found)
