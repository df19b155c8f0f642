"""A row of the table of decisions: a change of the document that is allowed, and the rules that must then refuse it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.unit.policies.documents import Change
from tools.contracts.common import JsonObject


@dataclass(frozen=True)
class Row:
    package: str
    name: str
    change: Change
    rules: frozenset[str]


def row(package: str, name: str, change: Change, *rules: str) -> Row:
    return Row(f"ql.ai.{package}", name, change, frozenset(rules))


def same(_: JsonObject) -> None:
    """Changes nothing."""
