"""Labels of metrics have few values, whatever is written where they come from."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

OTHER: Final = "other"

_PLAIN = re.compile(r"[A-Za-z0-9_.:/+-]{1,80}")


class Bounded:
    """The first so many plain names are themselves, everything after them is `other`.

    For names that an operator gives (rules, models): few, but known only when they come. Never for what a person or a
    model writes: they would use the places up.
    """

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._seen: set[str] = set()

    def __call__(self, value: object) -> str:
        name = str(value)
        if name in self._seen:
            return name
        if len(self._seen) >= self._at_most or _PLAIN.fullmatch(name) is None:
            return OTHER
        self._seen.add(name)
        return name


def one_of(value: object, known: Collection[str]) -> str:
    """The name if it is one of those that there are, else `other`."""
    return value if isinstance(value, str) and value in known else OTHER
