"""A person's decision on a plan, as it travels from the click to the workflow. Final shape (DESIGN, step 6)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import asdict, dataclass, replace
from typing import Literal

from tools.contracts.common import canonical_json

DecisionVerdict = Literal["approve", "reject"]


@dataclass(frozen=True)
class Decision:
    """One click, authenticated by the edge that received it. A signal without a valid `mac` is worth nothing."""

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
    """HMAC-SHA256 (hex) over the canonical JSON of every other field."""


def _mac(decision: Decision, key: bytes) -> str:
    fields = asdict(decision)
    del fields["mac"]
    return hmac.new(key, canonical_json(fields), hashlib.sha256).hexdigest()


def sign_decision(decision: Decision, key: bytes) -> Decision:
    """The same decision with its MAC. Only the edge that authenticated the person holds `key`."""
    return replace(decision, mac=_mac(decision, key))


def decision_is_authentic(decision: Decision, key: bytes) -> bool:
    """Constant-time check of the MAC."""
    return hmac.compare_digest(decision.mac.encode(), _mac(decision, key).encode())
