"""Authenticated encryption of one key: AES-256-GCM, bound to where it is kept and whose it is."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import SecretStr

from bot.keys import Keys

_NONCE_BYTES = 12


class KeyUnreadable(Exception):
    """A sealed key cannot be opened: its master key is not here, or the row is not the one that was written."""


@dataclass(frozen=True)
class Place:
    """Whose key, for what. A sealed key that is moved to another place does not open there."""

    org: str
    owner: str
    """`org`, or `user:` and a Slack user id."""
    provider: str


@dataclass(frozen=True)
class MasterKey:
    """One key that others are sealed under."""

    material: bytes = field(repr=False)
    """32 bytes or more."""

    @property
    def id(self) -> str:
        """Names it in rows. Tells nothing of it: a prefix of a hash of 256 random bits."""
        return hashlib.sha256(b"gavel/keystore/id\x00" + self.material).hexdigest()[:16]


@dataclass(frozen=True)
class Ring:
    """The master keys there are, the current one first. Never empty."""

    keys: tuple[MasterKey, ...]

    @property
    def current(self) -> MasterKey:
        return self.keys[0]

    def named(self, master_id: str) -> MasterKey:
        """Raises :class:`KeyUnreadable`."""
        for key in self.keys:
            if key.id == master_id:
                return key
        raise KeyUnreadable(f"it is sealed under master key {master_id}, which is not among those configured here")


@dataclass(frozen=True)
class Sealed:
    master_id: str
    nonce: str
    sealed: str


def seal(key: SecretStr, place: Place, master: MasterKey) -> Sealed:
    """Under a nonce of its own each time."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # late: see `bot.keys`

    nonce = os.urandom(_NONCE_BYTES)
    plain = key.get_secret_value().encode()
    sealed = AESGCM(Keys(master.material).derive("keystore")).encrypt(nonce, plain, _bound(place, master.id))
    return Sealed(master.id, base64.b64encode(nonce).decode(), base64.b64encode(sealed).decode())


def unseal(sealed: Sealed, place: Place, ring: Ring) -> SecretStr:
    """Raises :class:`KeyUnreadable`."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    master = ring.named(sealed.master_id)
    try:
        nonce, body = (base64.b64decode(part, validate=True) for part in (sealed.nonce, sealed.sealed))
        plain = AESGCM(Keys(master.material).derive("keystore")).decrypt(nonce, body, _bound(place, master.id))
        return SecretStr(plain.decode())
    except (InvalidTag, ValueError, binascii.Error):
        # Without the cause: nothing of what was read belongs into an error.
        raise KeyUnreadable("what is kept is not what was sealed for this place") from None


def _bound(place: Place, master_id: str) -> bytes:
    """What the seal holds besides the key. As JSON: no two places spell the same bytes."""
    parts: Sequence[str] = ("gavel/provider-key/v1", place.org, place.owner, place.provider, master_id)
    return json.dumps(parts).encode()
