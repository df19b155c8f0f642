"""What a plan itself holds, so that its summary may say it: its names, its numbers, and how many of what."""

from __future__ import annotations

from typing import cast

from tools.contracts.common import JsonObject
from tools.contracts.plan import Plan
from tools.contracts.rollout import RolloutPlan
from tools.tokens import shown_by

_NOT_FOR_PEOPLE = frozenset({"fingerprint", "result_digest", "evidence", "receipts", "params", "summary", "note"})


def common_facts(plan: Plan) -> set[str]:
    """What summaries mostly say: how many assets, from which versions to which, how fast. Quick to find."""
    values: set[str | int | float] = {len(plan.asset_ids), *_counts(plan)}
    for expectation in plan.expectations:
        values |= {expectation.from_version, expectation.to_version}
    for phase in plan.phases:
        values |= {phase.wait_seconds, phase.batch_percent}
    if isinstance(plan, RolloutPlan):
        values |= {plan.target_image.id, plan.target_image.family, plan.target_image.version}
    return {fact for value in values for fact in shown_by(value)}


def own_facts(plan: Plan) -> set[str]:
    """All of it, as :func:`tools.tokens.facts_in` gives them."""
    dump: JsonObject = plan.model_dump(mode="json", exclude={"summary", "receipts", "evidence"})
    values: set[str | int | float] = set()
    _collect(dump, values)
    values |= {len(plan.asset_ids), *_counts(plan)}
    values |= {len(cast("list[object]", value)) for value in dump.values() if isinstance(value, list)}
    return {fact for value in values for fact in shown_by(value)}


def _counts(plan: Plan) -> set[int]:
    """Phases, and how many assets each has."""
    return {*range(1, len(plan.phases) + 1), *(len(phase.asset_ids) for phase in plan.phases)}


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
