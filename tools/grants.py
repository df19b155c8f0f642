"""Execution grants are signed by the activity that made its re-checks, and believed only with that signature."""

from __future__ import annotations

import hashlib
import hmac

from tools.contracts.common import canonical_json
from tools.contracts.grant import ExecutionGrant


def _mac_of(grant: ExecutionGrant, key: bytes) -> str:
    fields = grant.model_dump(mode="json", exclude={"mac"})
    # The type's name is bound too: no other message's signature can be replayed as a grant.
    return hmac.new(key, canonical_json({"type": "ExecutionGrant", **fields}), hashlib.sha256).hexdigest()


def sign_grant(grant: ExecutionGrant, key: bytes) -> ExecutionGrant:
    """The same grant with its MAC. Raises `ValueError` for an empty key."""
    if not key:
        raise ValueError("The grant key is empty. Configure one: an unsigned grant grants nothing.")
    return grant.model_copy(update={"mac": _mac_of(grant, key)})


def grant_is_authentic(grant: ExecutionGrant, key: bytes) -> bool:
    """Constant-time check of the MAC. Without a key, or without a MAC, nothing is authentic."""
    if not key or not grant.mac:
        return False
    return hmac.compare_digest(grant.mac.encode(), _mac_of(grant, key).encode())
