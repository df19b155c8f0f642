from __future__ import annotations

import os
import zlib

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload

from bot.workflows.client import data_converter
from bot.workflows.codec import (
    CIPHER,
    ENCODING,
    MAX_BYTES,
    PACKED,
    UNREADABLE,
    EncryptingCodec,
    UnreadablePayload,
)

PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'{"goal": "fix web-prod-euw1-07"}')
PLAN = Payload(
    metadata={"encoding": b"json/plain"},
    data=b"[%s]" % b",".join(b'{"asset_id": "web-prod-euw1-%03d", "to_version": "2025.11"}' % n for n in range(200)),
)


async def test_what_temporal_stores_cannot_be_read_without_the_key() -> None:
    [sealed] = await EncryptingCodec(os.urandom(32)).encode([PLAIN])
    assert b"web-prod" not in sealed.SerializeToString()


async def test_the_same_key_reads_it_back() -> None:
    codec = EncryptingCodec(os.urandom(32))
    assert await codec.decode(await codec.encode([PLAIN])) == [PLAIN]


async def test_another_key_a_changed_byte_and_plain_text_are_refused() -> None:
    codec = EncryptingCodec(os.urandom(32))
    [sealed] = await codec.encode([PLAIN])
    changed = Payload(metadata=sealed.metadata, data=sealed.data[:-1] + bytes([sealed.data[-1] ^ 1]))
    short = Payload(metadata=sealed.metadata, data=b"1234567")
    stranger = EncryptingCodec(os.urandom(32))
    for reader, payload in [(stranger, sealed), (codec, changed), (codec, short), (codec, PLAIN)]:
        [unread] = await reader.decode([payload])
        assert b"web-prod" not in unread.SerializeToString()
        with pytest.raises(UnreadablePayload, match="A payload in Temporal"):
            data_converter(b"k" * 32).payload_converter.from_payload(unread)


async def test_what_stands_beside_an_unreadable_payload_is_read() -> None:
    codec = EncryptingCodec(os.urandom(32))
    [sealed] = await codec.encode([PLAIN])
    _, read = await codec.decode([PLAIN, sealed])
    assert read == PLAIN


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="needs 32"):
        EncryptingCodec(b"short")


def _sealed(key: bytes, plain: bytes, *, cipher: bytes, called: bytes | None = None) -> Payload:
    """`plain` as it stands, sealed as `cipher` and handed in as `called`."""
    nonce = os.urandom(12)
    data = nonce + AESGCM(key).encrypt(nonce, plain, cipher)
    return Payload(metadata={"encoding": ENCODING, "cipher": called or cipher}, data=data)


async def test_a_plan_is_packed_before_it_is_sealed() -> None:
    codec = EncryptingCodec(os.urandom(32))
    [sealed] = await codec.encode([PLAN])
    assert len(sealed.data) < len(PLAN.data) / 4
    assert await codec.decode([sealed]) == [PLAN]


async def test_what_was_sealed_before_payloads_were_packed_is_read() -> None:
    key = os.urandom(32)
    before = [_sealed(key, payload.SerializeToString(), cipher=CIPHER) for payload in (PLAIN, PLAN)]
    assert await EncryptingCodec(key).decode(before) == [PLAIN, PLAN]


async def test_what_is_packed_is_not_read_as_what_is_not_nor_the_other_way_round() -> None:
    key, plain = os.urandom(32), PLAN.SerializeToString()
    mistaken = [
        _sealed(key, plain, cipher=CIPHER, called=PACKED),
        _sealed(key, zlib.compress(plain), cipher=PACKED, called=CIPHER),
        _sealed(key, plain, cipher=PACKED),
        _sealed(key, zlib.compress(plain), cipher=CIPHER),
    ]
    assert all(payload.metadata["encoding"] == UNREADABLE for payload in await EncryptingCodec(key).decode(mistaken))


async def test_what_unpacks_to_more_than_any_payload_has_or_not_to_its_end_is_not_read() -> None:
    key = os.urandom(32)
    large = Payload(metadata={"encoding": b"json/plain"}, data=b" " * MAX_BYTES).SerializeToString()
    packed = zlib.compress(PLAN.SerializeToString())
    wrong = [_sealed(key, data, cipher=PACKED) for data in (zlib.compress(large), packed[:-1], packed + b"x")]
    assert all(payload.metadata["encoding"] == UNREADABLE for payload in await EncryptingCodec(key).decode(wrong))
