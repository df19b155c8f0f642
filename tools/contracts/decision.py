"""A person's decision on a plan, as it travels from the click to the workflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

DecisionVerdict = Literal["approve", "reject"]

RejectionKind = Literal["wrong_cause", "wrong_target", "too_risky", "not_now", "other"]
"""Why a plan is not wanted. Stable names: they stand in the ledger, and models are measured by them."""

ReasonKind = RejectionKind | Literal[""]
"""Empty: none was named."""

REJECTIONS: Mapping[RejectionKind, str] = MappingProxyType(
    {
        "wrong_cause": "Wrong cause",
        "wrong_target": "Wrong target",
        "too_risky": "Too risky",
        "not_now": "Not now",
        "other": "Another reason",
    }
)
"""In words, in the order in which they are offered."""

SAYS_WRONG: frozenset[ReasonKind] = frozenset({"wrong_cause", "wrong_target"})
"""Rejections that say the plan was wrong, and not only unwanted: councils are measured by them."""

SAYS_NOTHING: frozenset[ReasonKind] = frozenset({"not_now"})
"""Rejections that say nothing of whoever planned."""

MAX_REASON = 500
"""Characters of a rejection's own words."""


def reason_words(kind: ReasonKind, reason: str) -> str:
    """A rejection's reason on one line: its kind, then the person's own words. Untrusted text."""
    said = " ".join(reason.split())
    if kind in ("", "other") and said:
        return said
    return ": ".join(part for part in (REJECTIONS[kind] if kind else "", said) if part)


@dataclass(frozen=True)
class Decision:
    """One click, authenticated by the edge that received it. A signal without a valid `mac` is worth nothing.

    Signed and checked with :mod:`tools.contracts.signing`.
    """

    org: str
    task_id: str
    revision: int
    verdict: DecisionVerdict
    reason: str
    plan_digest: str
    policy_digest: str
    target: str
    """`Plan.target`: environment and digest of the asset ids."""
    user: str
    """Slack user id of the person who clicked, as Slack authenticated it."""
    channel: str
    nonce: str
    """The revision's nonce; usable once per person."""
    issued_at: str
    """RFC 3339, UTC: when the edge saw the click."""
    expires_at: str
    """RFC 3339, UTC: the revision's deadline as the card stated it."""
    step_up: str = ""
    """What the person typed, where the requirement asks for step-up."""
    reason_kind: ReasonKind = ""
    """Of a rejection; empty: none was named."""
    mac: str = ""
