"""Questions of earlier versions, which lack a field that came later: what it would have said, and that it was assumed.

For replays alone. What is asked now is asked in full, or refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from policies.autonomy import PACKAGE as AUTONOMY
from policies.engine import is_object
from tools.contracts.common import JsonObject


@dataclass(frozen=True)
class Later:
    """A field that documents of a package have only since some version."""

    under: str
    """The object that it is in."""
    name: str
    told: Callable[[JsonObject], object]
    """Its value, by what that object says besides."""


def _alerted(caller: JsonObject) -> bool:
    # Until there was the field, an alert's task was told by its user alone.
    return str(caller.get("user") or "").startswith("alert:")


LATER: Mapping[str, tuple[Later, ...]] = {AUTONOMY: (Later("caller", "alerted", _alerted),)}


def completed(package: str, document: JsonObject) -> tuple[JsonObject, list[str]]:
    """The document with what it lacks, and which fields that were, in words. What is there stays, whatever it is."""
    assumed: list[str] = []
    for later in LATER.get(package, ()):
        place: object = document.get(later.under)
        if is_object(place) and later.name not in place:
            value = later.told(place)
            document = {**document, later.under: {**place, later.name: value}}
            assumed.append(f"{package}: {later.under}.{later.name} taken as {str(value).lower()}")
    return document, assumed
