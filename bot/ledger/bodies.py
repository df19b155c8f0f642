"""What an entry's body becomes before it is written: JSON that any database takes, redacted, bounded in size."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.harmless import is_harmless
from bot.redaction import is_array, is_object, redact_json
from tools.contracts.common import JsonObject
from tools.whole_text import is_whole, whole_text

MAX_BODY_BYTES = 16 * 1024
"""A body above this has its large values moved to artifacts."""
MAX_VALUE_BYTES = 2 * 1024
"""In such a body, a value above this is a large one."""
MAX_ARTIFACT_BYTES = 16 * 1024 * 1024
REFERENCE = "$artifact"
"""`{"$artifact": "sha256:…", "bytes": n}` stands for a value that was moved."""


class UnwritableBody(ValueError):
    """The body cannot be kept as JSON. The message says why."""


@dataclass(frozen=True)
class Moved:
    """A value that is kept as an artifact."""

    digest: str
    body: str
    """Canonical JSON text."""


@dataclass(frozen=True)
class Prepared:
    body: str
    """Canonical JSON text, at most :data:`MAX_BODY_BYTES` or a lone reference."""
    moved: tuple[Moved, ...]


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def json_text(value: Any) -> str:
    """Canonical JSON text. Raises :class:`UnwritableBody`."""
    try:
        return _CANONICAL.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise UnwritableBody(f"it is not JSON ({error})") from error


def text_digest(text: str) -> str:
    """`sha256:` and 64 hex digits over the text in UTF-8."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def clean(value: Any) -> Any:
    """The same value as UTF-8 and JSON can hold it: no lone surrogate, no NaN or infinity, whatever a model wrote."""
    if isinstance(value, str):
        return whole_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if is_object(value):
        return {clean(name): clean(inner) for name, inner in value.items()}
    if is_array(value):
        return [clean(inner) for inner in value]
    return value


def prepare(body: JsonObject) -> Prepared:
    """The body as it is written. Raises :class:`UnwritableBody`."""
    plain, text = _harmless(body)
    moved: list[Moved] = []
    large = len(text.encode()) > MAX_BODY_BYTES
    bounded = {name: _bound(value, moved, large=large) for name, value in plain.items()}
    if moved:
        text = json_text(bounded)
    # Many small values, or a body that itself looks like a reference: all of it moves.
    if len(text.encode()) > MAX_BODY_BYTES or REFERENCE in plain:
        moved.clear()
        text = json_text(_move(plain, moved))
    return Prepared(text, tuple(moved))


def _harmless(body: JsonObject) -> tuple[JsonObject, str]:
    """The body redacted and cleaned, and its text. Most need neither, which their text shows."""
    try:
        text = json_text(body)
        if is_whole(text) and is_harmless(body, text):
            return body, text
    except UnwritableBody:
        pass  # not as it is
    # Redaction first: it bounds the depth that `clean` then walks.
    plain: JsonObject = clean(redact_json(body).value)
    return plain, json_text(plain)


@dataclass(frozen=True)
class PreparedArtifact:
    """A whole value as it is kept under the digest it had before redaction."""

    digest: str
    body: str
    redacted: list[str]


def prepare_artifact(value: Any) -> PreparedArtifact:
    """The value as it is kept. Raises :class:`UnwritableBody`."""
    digest = text_digest(clean(json_text(value)))
    hidden = redact_json(value)
    text = json_text(clean(hidden.value))
    _require_size(text)
    return PreparedArtifact(digest, text, list(hidden.found))


def is_large(value: Any, *, chars: int = 64 * 1024) -> bool:
    """Whether preparing the value takes long enough to be kept off the event loop. Looks at no more than it must."""
    left, waiting = chars, [value]
    while waiting and left > 0:
        outer = waiting.pop()
        if is_object(outer):
            left -= sum(map(len, map(str, outer)))
            inner: Iterable[Any] = outer.values()
        else:
            inner = outer if is_array(outer) else (outer,)
        for each in inner:
            left -= 16
            # Not by the functions above: a body has hundreds of values.
            if isinstance(each, str):
                left -= len(each)
            elif isinstance(each, (dict, list, tuple)):
                waiting.append(each)
    return left <= 0


def _bound(value: Any, moved: list[Moved], *, large: bool) -> Any:
    # A value that only looks like a reference moves too, so that every reference in a body is one of ours.
    if is_object(value) and REFERENCE in value:
        return _move(value, moved)
    if large and len(json_text(value).encode()) > MAX_VALUE_BYTES:
        return _move(value, moved)
    return value


def _move(value: Any, moved: list[Moved]) -> JsonObject:
    text = json_text(value)
    size = _require_size(text)
    artifact = Moved(text_digest(text), text)
    moved.append(artifact)
    return {REFERENCE: artifact.digest, "bytes": size}


def _require_size(text: str) -> int:
    size = len(text.encode())
    if size > MAX_ARTIFACT_BYTES:
        raise UnwritableBody(f"it holds a value of {size} bytes; at most {MAX_ARTIFACT_BYTES} are kept")
    return size


def references(body: str) -> list[str]:
    """The digests of the artifacts an entry's body points to. A body that is no JSON points to none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return []
    if not is_object(value):
        return []
    places: list[Any] = [value, *value.values()]
    return [place[REFERENCE] for place in places if is_object(place) and isinstance(place.get(REFERENCE), str)]
