"""What looks like a secret: gone before the hand-over, wherever it came in, and its owner told to rotate it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from google.protobuf.message import Message as Proto
from temporalio.api.common.v1 import Payload

from bot.workflows.codec import ENCODING
from tests.whole.square import ACKNOWLEDGED, QUESTION, Square
from tests.whole.town import until
from tools.contracts.common import JsonObject

ROTATE = "*rotate it now*"


async def test_a_secret_goes_nowhere_and_its_owner_is_told(square: Square) -> None:
    before = await square.tasks()
    mention = await square.say("ada", "ops", "@gavel fix drift in production web servers password=Wr0ng-Horse-1")
    direct = await square.say("ada", "D0ADA00001", "AKIAZ7Q2M4X6C8V0B1N3 does not work, what now?")
    alert = await square.alert("db drifted\nenvironment = production\nurl = https://app:Wr0ng-Horse-2@db.example/x")
    command = await square.act("command", user="grace", channel="ops", text="ask hello token: Wr0ng-Horse-3-abcdef")
    assert command["acked"]
    await square.hears(mention, ROTATE)
    await square.hears(mention, ACKNOWLEDGED)
    await square.hears(direct, ROTATE)
    await square.hears(direct, QUESTION)
    await square.hears(alert, ROTATE, viewer="linus")
    await square.hears(alert, ACKNOWLEDGED, viewer="linus")
    await square.say("ada", "D0ADA00001", "the password is Wr0ng-Horse-4!", thread=direct)

    async def all_told() -> bool:
        return len(_told(square, "U0GRACE001")) == 1 and len(_told(square, "U0ADA00001")) == 3

    await until(all_told, seconds=30, what="A word to each owner, once")
    secrets = ["Wr0ng-Horse", "AKIAZ7Q2M4X6C8V0B1N3"]
    assert [message for message in square.written() for secret in secrets if secret in str(message)] == []
    started = (await square.tasks()) - before
    assert len(started) == 4
    seen = 0
    for task in started:
        async for data in payloads(square, task):
            seen += b"redacted:" in data
            assert not [secret for secret in secrets if secret.encode() in data], f"{task} in Temporal: {data[:300]}"
    assert seen >= 4, "the histories were not read"
    ledger = await square.town.ledger.show(square.town.stack.org, limit=1000)
    assert [entry for entry in ledger for secret in secrets if secret in entry.body] == []
    data = square.town.stack.settings.data_dir
    assert await asyncio.to_thread(lambda: list(holding(data, secrets))) == []


def _told(square: Square, user: str) -> list[JsonObject]:
    return [said for said in square.written() if said["ephemeral_to"] == user and ROTATE in said["text"]]


def holding(data: Path, secrets: list[str]) -> Iterator[Path]:
    """Files of the product with a secret in them: databases, logs. The workspace holds what people typed."""
    for file in data.rglob("*"):
        if file.is_file() and "slack" not in file.relative_to(data).parts:
            found = file.read_bytes()
            if any(secret.encode() in found for secret in secrets):
                yield file


async def payloads(square: Square, task: str) -> AsyncIterator[bytes]:
    """Everything Temporal keeps of the task, decoded."""
    codec = square.town.temporal.data_converter.payload_codec
    assert codec is not None
    history = await square.town.temporal.get_workflow_handle(task).fetch_history()
    for event in history.events:
        for payload in _payloads_in(event):
            # What Temporal's SDK notes for itself is not encoded.
            encoded = payload.metadata.get("encoding") == ENCODING
            yield (await codec.decode([payload]))[0].data if encoded else payload.data


def _payloads_in(message: Proto) -> Iterator[Payload]:
    if isinstance(message, Payload):
        yield message
        return
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            values = list(value.values())
        else:
            values = list(value) if field.is_repeated else [value]
        for inner in values:
            if isinstance(inner, Proto):
                yield from _payloads_in(inner)
