"""What of a model's explanation may be said: sentences whose every value a tool of this task returned."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeGuard

from agents.intake import harmless
from agents.specialists.evidence import EvidenceBook
from tools.contracts.follow_up import Explanation, Statement

STATEMENT_LIMIT = 400
UNKNOWN_LIMIT = 200

_TOKEN = re.compile(r"[^\W_][\w.:/+-]*", re.UNICODE)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], start=2
    )
}
"""Without "one", which is a pronoun more often than a figure."""
_MANY = {"dozen", "dozens", "hundred", "hundreds", "thousand", "thousands", "half", "most", "twice"}
"""Figures that no tool ever returns as such."""
_NAMES = {"id", "name", "hostname"}


def supported(explanation: Explanation, book: EvidenceBook, *, question: str) -> Explanation:
    """The explanation without what the evidence does not hold. Empty: it is not known.

    A statement goes when a receipt is wrong, or when it states a figure, a version or an asset that no receipt cites.
    """
    names = {name.lower() for result in book.succeeded for name in _names_in(result.output or {})}
    statements = [
        statement.model_copy(update={"text": harmless(statement.text, STATEMENT_LIMIT)})
        for statement in explanation.statements
        if book.holds(statement.receipts) and not uncited(statement, names)
    ]
    unknown = [harmless(text, UNKNOWN_LIMIT) for text in explanation.unknown if not _new_figures(text, question)]
    return Explanation(
        statements=[kept for kept in statements if kept.text], unknown=[text for text in unknown if text]
    )


def uncited(statement: Statement, names: set[str]) -> list[str]:
    """Figures, versions and known names in the text that are not among the values it cites. `names` in lower case."""
    values = [receipt.value for receipt in statement.receipts]
    text = statement.text.lower()
    mentioned = [name for name in names if len(name) > 2 and _stands_in(name, text)]
    return [token for token in [*_figures(text), *mentioned] if not any(_cites(value, token) for value in values)]


def _figures(text: str) -> list[str]:
    tokens = [token.rstrip(".:/+-") for token in _TOKEN.findall(text.lower())]
    return [token for token in tokens if any(char.isdigit() for char in token) or token in {*_NUMBER_WORDS, *_MANY}]


def _cites(value: str | float | bool | None, token: str) -> bool:
    if token in _NUMBER_WORDS:
        return _cites(value, str(_NUMBER_WORDS[token]))
    if value is None or isinstance(value, bool):
        return False
    if isinstance(value, (int, float)):
        return bool(_NUMBER.fullmatch(token)) and float(token.replace(",", "")) == float(value)
    # A figure is a whole value; a name or a version may be a part of one.
    return value.lower() == token if _NUMBER.fullmatch(token) else _stands_in(token, value.lower())


def _stands_in(token: str, text: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(token)}(?![\w-]|\.\w)", text) is not None


def _new_figures(text: str, question: str) -> bool:
    return not set(_figures(text)) <= set(_figures(question))


def _names_in(value: object, key: str = "") -> Iterator[str]:
    """Every name or id in a result."""
    if isinstance(value, str):
        if key in _NAMES or key.endswith(("_id", "_ids")):
            yield value
    elif _is_array(value):
        for item in value:
            yield from _names_in(item, key)
    elif _is_object(value):
        for name, inner in value.items():
            yield from _names_in(inner, name)


def _is_array(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)
