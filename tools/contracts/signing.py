"""MACs over messages that pass through a system Gavel does not trust with authority (Temporal, a queue)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import asdict, replace
from typing import Any, ClassVar, Protocol, TypeVar

from tools.contracts.common import canonical_json


class Signed(Protocol):
    """A frozen dataclass of JSON values with a `mac` field."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def mac(self) -> str:
        """HMAC-SHA256 (hex) over the canonical JSON of every other field and the message's type."""
        ...


SignedT = TypeVar("SignedT", bound=Signed)


def _mac_of(message: Signed, key: bytes) -> str:
    fields = asdict(message)
    del fields["mac"]
    # The type's name is bound too: an answer can never be replayed as a decision of the same fields.
    return hmac.new(key, canonical_json({"type": type(message).__name__, **fields}), hashlib.sha256).hexdigest()


def sign(message: SignedT, key: bytes) -> SignedT:
    """The same message with its MAC. Only the edge that authenticated the person holds `key`."""
    return replace(message, mac=_mac_of(message, key))


def is_authentic(message: Signed, key: bytes) -> bool:
    """Constant-time check of the MAC. A message without one is not authentic."""
    return hmac.compare_digest(message.mac.encode(), _mac_of(message, key).encode())
