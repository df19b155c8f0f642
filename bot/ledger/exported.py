"""What tools returned in a task, read from an export of the ledger: for where the ledger itself is not."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path

from bot.ledger.bodies import REFERENCE
from bot.ledger.export import verify_export
from bot.redaction import is_object
from tools.contracts.common import JsonObject


class NotAnExport(Exception):
    """The file is not, or not any more, what was exported. The message says what is wrong."""


def results_in(path: Path, *, key: bytes, org: str, task_id: str, call_ids: Collection[str]) -> dict[str, JsonObject]:
    """Call id → output, of those calls that succeeded. The whole file is checked first. Blocking.

    Raises :class:`NotAnExport` and `OSError`.
    """
    checked = verify_export(path, key=key)
    if not checked.ok:
        raise NotAnExport(f"{path}: {checked.problem}")
    if checked.org != org:
        raise NotAnExport(f"{path} is of the ledger of {checked.org!r}, not of {org!r}.")
    bodies = [
        json.loads(line["body"])
        for line in _lines(path, "entry")
        if (line["kind"], line["task_id"]) == ("tool_called", task_id)
    ]
    moved = {digest for body in bodies for digest in _cited(body)}
    # A body that is large altogether is one artifact, and what is large in it another: two looks at the file.
    first = _artifacts(path, moved)
    whole = [_put_back(body, first) for body in bodies]
    inner = _artifacts(path, {digest for body in whole for digest in _cited(body)} - set(first))
    found: dict[str, JsonObject] = {}
    for body in whole:
        if is_object(body) and body.get("call_id") in call_ids and body.get("outcome") == "ok":
            result = _put_back(body.get("result"), first | inner)
            if is_object(result):
                found[str(body["call_id"])] = result
    return found


def _lines(path: Path, kind: str) -> Iterator[JsonObject]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            value: object = json.loads(line)
            if is_object(value) and value.get("line") == kind:
                yield value


def _artifacts(path: Path, digests: Collection[str]) -> dict[str, object]:
    return {line["digest"]: json.loads(line["body"]) for line in _lines(path, "artifact") if line["digest"] in digests}


def _cited(body: object) -> Iterator[str]:
    """As :func:`bot.ledger.bodies.references`, of a body that was parsed."""
    if not is_object(body):
        return
    for place in (body, body.get("result")):
        if is_object(place) and isinstance(place.get(REFERENCE), str):
            yield place[REFERENCE]


def _put_back(value: object, kept: dict[str, object]) -> object:
    return kept.get(str(value[REFERENCE])) if is_object(value) and REFERENCE in value else value
