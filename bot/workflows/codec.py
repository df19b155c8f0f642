"""The payload codec: with it, Temporal stores and shows only ciphertext (DESIGN, "Nothing secret in Temporal")."""

from __future__ import annotations

import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

ENCODING = b"binary/encrypted"
CIPHER = b"gavel-aes256gcm-1"
_NONCE_BYTES = 12


class UnreadablePayload(Exception):
    """A payload was not made with this key, or was changed on the way. Nothing is read from it."""


class EncryptingCodec(PayloadCodec):
    """AES-256-GCM over whole payloads. A payload that is not encrypted is refused, not passed through."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError(f"The codec's key has {len(key)} bytes; it needs 32.")
        self._cipher = AESGCM(key)

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._decrypt(payload) for payload in payloads]

    def _encrypt(self, payload: Payload) -> Payload:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, payload.SerializeToString(), CIPHER)
        return Payload(metadata={"encoding": ENCODING, "cipher": CIPHER}, data=nonce + sealed)

    def _decrypt(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING or payload.metadata.get("cipher") != CIPHER:
            raise UnreadablePayload("A payload in Temporal is not encrypted with Gavel's key. It was not read.")
        nonce, sealed = payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:]
        try:
            return Payload.FromString(self._cipher.decrypt(nonce, sealed, CIPHER))
        except InvalidTag:
            raise UnreadablePayload("A payload in Temporal was changed, or made with another key.") from None
