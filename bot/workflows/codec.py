"""The payload codec: with it, Temporal stores and shows only ciphertext (DESIGN, "Nothing secret in Temporal")."""

from __future__ import annotations

import os
import zlib
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
PACKED = b"gavel-zlib-aes256gcm-1"
"""The same, of a payload that was compressed before. A plan goes from step to step: packed, it is a quarter as long for
Temporal to write, keep and send. Each name is sealed with what it names, so that none can be put on the other's.

How far a payload could be compressed shows in its length; what looks like a secret is in none.
"""

WORTH_PACKING = 1024
"""Bytes."""
MAX_BYTES = 64 * 1024 * 1024
"""Of a payload that is unpacked, and many times what Temporal takes: more is not read."""
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
        nonce, plain, cipher = os.urandom(_NONCE_BYTES), payload.SerializeToString(), CIPHER
        if len(plain) >= WORTH_PACKING:
            plain, cipher = zlib.compress(plain, level=1), PACKED
        sealed = self._cipher.encrypt(nonce, plain, cipher)
        return Payload(metadata={"encoding": ENCODING, "cipher": cipher}, data=nonce + sealed)

    def _read(self, payload: Payload) -> Payload:
        try:
            return self._decrypt(payload)
        except UnreadablePayload as error:
            return Payload(metadata={"encoding": UNREADABLE}, data=str(error).encode())

    def _decrypt(self, payload: Payload) -> Payload:
        cipher = payload.metadata.get("cipher")
        if payload.metadata.get("encoding") != ENCODING or cipher not in (CIPHER, PACKED):
            raise UnreadablePayload("A payload in Temporal is not encrypted with Gavel's key. It was not read.")
        nonce, sealed = payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:]
        try:
            plain = self._cipher.decrypt(nonce, sealed, cipher)
            return Payload.FromString(_unpacked(plain) if cipher == PACKED else plain)
        except (InvalidTag, ValueError, DecodeError, zlib.error):
            raise UnreadablePayload("A payload in Temporal was changed, or made with another key.") from None


def _unpacked(packed: bytes) -> bytes:
    """Raises `ValueError` or `zlib.error` for what is not all of one payload, or is larger than any of ours."""
    unpacking = zlib.decompressobj()
    plain = unpacking.decompress(packed, MAX_BYTES)
    if not unpacking.eof or unpacking.unused_data:
        raise ValueError("not the whole of one packed payload")
    return plain


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
