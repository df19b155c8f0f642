"""A history as it is kept: readable and small, and without what names a machine. Standard JSON, one event a line.

Payloads are kept in the clear, so that a diff can be read; those that were encrypted are encrypted again before a
replay. The inputs of activities are left out: a replay compares an activity's name and place, never its input.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeGuard

from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHistory

from bot.workflows.codec import CIPHER, PACKED, EncryptingCodec
from tests.unit.workflows.conftest import KEY

HISTORIES = Path(__file__).parent / "histories"
RECORDER = "recorder"
"""Instead of `pid@host`."""

_CODEC = EncryptingCodec(KEY)


async def scrubbed(history: WorkflowHistory) -> str:
    """The file's text."""
    recorded: dict[str, Any] = json.loads(history.to_json())
    for part in _parts(recorded):
        if "identity" in part:
            part["identity"] = RECORDER
        if "activityTaskScheduledEventAttributes" in part:
            del part["activityTaskScheduledEventAttributes"]["input"]
        if is_payload(part):
            payload = ParseDict(part, Payload())
            if payload.metadata.get("cipher") in (CIPHER, PACKED):
                [payload] = await _CODEC.decode([payload])
                payload.metadata["cipher"] = CIPHER
            # A payload of nothing, as the result of what returns nothing, is written without any.
            part.update({"data": ""} | MessageToDict(payload))
        if "encodedAttributes" in part:
            part["encodedAttributes"] = await _without_stack_trace(part["encodedAttributes"])
    events = ",\n".join(json.dumps(event, sort_keys=True, separators=(",", ":")) for event in recorded["events"])
    return f'{{"events":[\n{events}\n]}}\n'


async def _without_stack_trace(encoded: dict[str, Any]) -> dict[str, Any]:
    """Of a failure: its lines are paths on the machine that recorded it."""
    [payload] = await _CODEC.decode([ParseDict(encoded, Payload())])
    payload.data = json.dumps({**json.loads(payload.data), "stack_trace": ""}).encode()
    return MessageToDict((await _CODEC.encode([payload]))[0])


async def history_of(name: str, text: str) -> WorkflowHistory:
    """The file's text as the history that Temporal would send."""
    recorded: dict[str, Any] = json.loads(text)
    for part in _parts(recorded):
        if is_payload(part):
            payload = ParseDict(part, Payload())
            if "cipher" in payload.metadata:
                del payload.metadata["cipher"]
                [payload] = await _CODEC.encode([payload])
            part.update(MessageToDict(payload))
    return WorkflowHistory.from_json(name, recorded)


def plain_text(text: str) -> str:
    """All that whoever opens the file can read, payloads too."""
    payloads = [ParseDict(part, Payload()) for part in _parts(json.loads(text)) if is_payload(part)]
    return text + "".join(payload.data.decode() for payload in payloads)


def is_payload(part: dict[str, Any]) -> bool:
    return set(part) == {"metadata", "data"}


def _parts(value: object) -> Iterator[dict[str, Any]]:
    """Every object in the JSON value, the outer before the inner."""
    if _is_object(value):
        yield value
        for inner in list(value.values()):
            yield from _parts(inner)
    elif _is_array(value):
        for inner in value:
            yield from _parts(inner)


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_array(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
