"""The version a new image gets: semantic versioning, after every version its family has. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

_NUMBERS = re.compile(r"v?([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})(?:[-+.].*)?")
FIRST_YEAR = 2000
"""From here on a first number is a year: the family counts by dates."""


def next_version(existing: Iterable[str], *, today: date) -> str:
    """`1.0.0` for a new family; today for one that counts by dates; else the next minor version."""
    known = sorted(
        (int(found[1]), int(found[2]), int(found[3])) for version in existing if (found := _NUMBERS.fullmatch(version))
    )
    if not known:
        return "1.0.0"
    major, minor, patch = known[-1]
    if major < FIRST_YEAR:
        return f"{major}.{minor + 1}.0"
    dated = (today.year, today.month, today.day)
    chosen = dated if dated > known[-1] else (major, minor, patch + 1)
    return ".".join(map(str, chosen))
