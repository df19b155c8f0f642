"""A change of a task that a form asks for: how fast, and which of the plan's assets not. Code has the say."""

from __future__ import annotations

from collections.abc import Sequence

from tools.contracts.common import JsonObject
from tools.contracts.edit import MAX_WAIT_SECONDS, Edit, EditProblem
from tools.contracts.taskspec import TaskSpec

MAX_NAMED_ASSETS = 1000
"""A task names no more."""


def edited(spec: TaskSpec, edit: Edit, *, assets: Sequence[str]) -> TaskSpec | EditProblem:
    """The task with other constraints and, where assets are left out, narrowed to the rest of `assets`, which are the
    plan's. It never becomes wider: nothing else of its context changes, and every asset named was in the plan.
    """
    if not edit.changes_something:
        return "nothing_changed"
    left_out = set(edit.without)
    if not left_out <= set(assets):
        return "not_in_plan"
    kept = [asset for asset in assets if asset not in left_out]
    if not kept or (left_out and len(kept) > MAX_NAMED_ASSETS):
        return "nothing_left" if not kept else "out_of_bounds"
    canary, percent, wait = edit.canary_size, edit.max_batch_percent, edit.wait_seconds
    within = (
        (canary is None or 1 <= canary <= len(kept))
        and (percent is None or 0 < percent <= 100)
        and (wait is None or 0 <= wait <= MAX_WAIT_SECONDS)
    )
    if not within:
        return "out_of_bounds"
    asked: JsonObject = {"canary_size": canary, "max_batch_percent": percent, "wait_seconds": wait}
    given = {name: value for name, value in asked.items() if value is not None}
    constraints = spec.constraints.model_copy(update=given)
    context = spec.context.model_copy(update={"asset_ids": kept}) if left_out else spec.context
    if (context, constraints) == (spec.context, spec.constraints):
        return "nothing_changed"
    return spec.model_copy(update={"context": context, "constraints": constraints})
