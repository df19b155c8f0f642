"""Which words of a sentence state a fact that has to be shown: figures, and the names of things."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

_WORD = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|[^\W_](?:[\w.:@+~-]*[\w+])?", re.UNICODE)
"""Thousands with their commas, or a run without spaces and slashes that does not end in punctuation."""

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_WITH_UNIT = re.compile(r"([0-9]+(?:\.[0-9]+)?)-?(?:[a-z]{1,3}|percent|assets?|fold|days?|hours?|minutes?|seconds?)")
"""`60s`, `2.5gb`, `3x`, `1st`: the figure counts, whatever its unit."""

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)t(\d\d:\d\d)(:\d\d)?(\.\d+)?(z|[+-]\d\d:\d\d)?")

_ORDINARY = frozenset(
    {"k8s", "ipv4", "ipv6", "http2", "x86", "x86_64", "arm64", "ec2", "s3", "p50", "p95", "p99", "sha256", "sha-256"}
)
"""Words of the trade that happen to hold a digit."""

_FROM_TWO = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"
    " nineteen twenty"
)
_SPELT = {name: str(number) for number, name in enumerate(re.findall(r"\w+", _FROM_TWO), start=2)} | {
    "zero": "0",
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "seventy": "70",
    "eighty": "80",
    "ninety": "90",
    "dozen": "12",
    "hundred": "100",
    "thousand": "1000",
    "million": "1000000",
    "half": "0.5",
}
"""A figure in words is a figure. `one` is left out: it is mostly a pronoun."""


def facts_in(text: str, names: frozenset[str] = frozenset()) -> list[str]:
    """The words of `text` that need showing, normalised, in order, each once.

    Whatever holds a digit (figures, versions, dates, CVE and control numbers, most asset names), a figure in words,
    and each of `names`: known names of things, in lower case, that hold no digit.
    """
    found: dict[str, None] = {}
    for word in words_of(text):
        if word in _SPELT:
            found[_SPELT[word]] = None
        elif (any(character.isdigit() for character in word) and word not in _ORDINARY) or word in names:
            found[_figure(word)] = None
    return list(found)


def shown_by(value: str | float | bool | None) -> set[str]:
    """The words that a value shows: itself, and what it is made of."""
    if value is None or isinstance(value, bool):
        return set()
    if not isinstance(value, str):
        number = plain_number(Decimal(str(value)))
        return {number, number.removeprefix("-")}
    shown: set[str] = set()
    for word in words_of(value):
        shown.add(_figure(word))
        if moment := _MOMENT.fullmatch(word):
            day, minute, second = moment[1], moment[2], moment[3] or ""
            shown |= {day, minute, f"{minute}{second}", f"{minute}z", f"{day}t{minute}", f"{day}t{minute}z"}
    return shown


def words_of(text: str) -> list[str]:
    """Normalised words: lower case, ASCII digits, no hidden characters, so that no figure hides behind its spelling."""
    if text.isascii():
        return [match.group().lower() for match in _WORD.finditer(text)]
    folded = "".join(
        "" if unicodedata.category(character) == "Cf" else _ascii_digit(character)
        for character in unicodedata.normalize("NFKC", text)
    )
    return [match.group().lower() for match in _WORD.finditer(folded)]


def plain_number(value: Decimal) -> str:
    """`1204.50` is `1204.5`, `20.0` is `20`."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _figure(word: str) -> str:
    bare = word.replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", word) else word
    if _NUMBER.fullmatch(bare):
        return plain_number(Decimal(bare))
    if unit := _WITH_UNIT.fullmatch(bare):
        return plain_number(Decimal(unit[1]))
    return bare


def _ascii_digit(character: str) -> str:
    return str(unicodedata.decimal(character)) if character.isdecimal() else character
