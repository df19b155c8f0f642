"""A person's decision on a plan, as it travels from the click to the workflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DecisionVerdict = Literal["approve", "reject"]


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
    mac: str = ""
