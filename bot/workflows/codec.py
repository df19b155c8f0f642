"""The payload codec: with it, Temporal stores and shows only ciphertext (DESIGN, "Nothing secret in Temporal")."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Never

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import EncodingPayloadConverter, PayloadCodec

ENCODING = b"binary/encrypted"
UNREADABLE = b"binary/unreadable"
"""Of what stands in the place of a payload that was not read. Its data says why."""
CIPHER = b"gavel-aes256gcm-1"
_NONCE_BYTES = 12


class UnreadablePayload(Exception):
    """A payload was not made with this key, or was changed on the way. Nothing is read from it."""


class EncryptingCodec(PayloadCodec):
    """AES-256-GCM over whole payloads. A payload that is not encrypted is refused, not passed through.

    Decoding raises nothing: a worker decodes all that a workflow was sent in one go, and one signal that it cannot read
    would hold up the workflow for good. In its place stands what :class:`UnreadableConverter` refuses, one by one: the
    SDK drops such a signal, and an input or a result that cannot be read is an error as before.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError(f"The codec's key has {len(key)} bytes; it needs 32.")
        self._cipher = AESGCM(key)

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._read(payload) for payload in payloads]

    def _encrypt(self, payload: Payload) -> Payload:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, payload.SerializeToString(), CIPHER)
        return Payload(metadata={"encoding": ENCODING, "cipher": CIPHER}, data=nonce + sealed)

    def _read(self, payload: Payload) -> Payload:
        try:
            return self._decrypt(payload)
        except UnreadablePayload as error:
            return Payload(metadata={"encoding": UNREADABLE}, data=str(error).encode())

    def _decrypt(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING or payload.metadata.get("cipher") != CIPHER:
            raise UnreadablePayload("A payload in Temporal is not encrypted with Gavel's key. It was not read.")
        nonce, sealed = payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:]
        try:
            return Payload.FromString(self._cipher.decrypt(nonce, sealed, CIPHER))
        except (InvalidTag, ValueError, DecodeError):
            raise UnreadablePayload("A payload in Temporal was changed, or made with another key.") from None


class UnreadableConverter(EncodingPayloadConverter):
    """Refuses what the codec could not read, with its reason."""

    @property
    def encoding(self) -> str:
        return UNREADABLE.decode()

    def to_payload(self, value: Any) -> None:
        """Nothing is written as unreadable."""

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Never:
        """Raises :class:`UnreadablePayload`."""
        del type_hint
        raise UnreadablePayload(payload.data.decode())
