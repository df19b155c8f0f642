"""What a plan itself holds, so that its summary may say it: its names, its numbers, and how many of what."""

from __future__ import annotations

from typing import cast

from tools.contracts.common import JsonObject
from tools.contracts.plan import Plan
from tools.tokens import shown_by

_NOT_FOR_PEOPLE = frozenset({"fingerprint", "result_digest", "evidence", "receipts", "params", "summary", "note"})


def own_facts(plan: Plan) -> set[str]:
    """As :func:`tools.tokens.facts_in` gives them."""
    dump: JsonObject = plan.model_dump(mode="json", exclude={"summary", "receipts", "evidence"})
    values: set[str | int | float] = set()
    _collect(dump, values)
    values |= {len(plan.asset_ids), len(plan.phases), *range(1, len(plan.phases) + 1)}
    values |= {len(phase.asset_ids) for phase in plan.phases}
    values |= {len(cast("list[object]", value)) for value in dump.values() if isinstance(value, list)}
    return {fact for value in values for fact in shown_by(value)}


def _collect(value: object, into: set[str | int | float]) -> None:
    if isinstance(value, dict):
        for key, item in cast("dict[str, object]", value).items():
            if key not in _NOT_FOR_PEOPLE and key != "name":
                _collect(item, into)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            _collect(item, into)
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        into.add(value)
