from __future__ import annotations

import os

import pytest
from temporalio.api.common.v1 import Payload

from bot.workflows.client import data_converter
from bot.workflows.codec import EncryptingCodec, UnreadablePayload

PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'{"goal": "fix web-prod-euw1-07"}')


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
