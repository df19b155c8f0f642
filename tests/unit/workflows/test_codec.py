from __future__ import annotations

import os

import pytest
from temporalio.api.common.v1 import Payload

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
    for reader, payload in [(EncryptingCodec(os.urandom(32)), sealed), (codec, changed), (codec, PLAIN)]:
        with pytest.raises(UnreadablePayload):
            await reader.decode([payload])


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="needs 32"):
        EncryptingCodec(b"short")
