"""A change of a task that words in its thread may make: where in its environment, and how fast. Code has the say."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from agents.intake import harmless, said_in
from agents.required_scope import missing_scope
from tools.contracts.follow_up import FollowUp
from tools.contracts.taskspec import TaskContext, TaskDraft, TaskSpec, TimeWindow

RefineProblem = Literal["other_environment", "unclear", "nothing_changed"]


def refined(
    spec: TaskSpec, follow_up: FollowUp, *, words: str, known_assets: Collection[str], threshold: float
) -> TaskSpec | RefineProblem:
    """The task with another context and other constraints, or why not. Everything else stays as it was.

    `known_assets`: those of the plan on offer. A model may choose among them, and name no others that nobody wrote.
    """
    if follow_up.environment not in (None, spec.environment):
        return "other_environment"
    if follow_up.confidence < threshold or follow_up.context is None or follow_up.constraints is None:
        return "unclear"
    context = _written_only(follow_up.context, spec=spec, words=words, known_assets=known_assets)
    if context is None or _has_open_times(spec, context):
        return "unclear"
    notes = [shown for note in follow_up.constraints.notes if (shown := harmless(note, 300))]
    constraints = follow_up.constraints.model_copy(update={"notes": notes})
    if (context, constraints) == (spec.context, spec.constraints):
        return "nothing_changed"
    return spec.model_copy(update={"context": context, "constraints": constraints})


def changes(before: TaskSpec, after: TaskSpec) -> list[str]:
    """What differs, a line each, for people: `regions: eu-west-1 (before: not narrowed)`. Values are untrusted text."""
    old, new = _shown(before), _shown(after)
    return [f"{name}: {new[name]} (before: {old[name]})" for name in new if old[name] != new[name]]


def _written_only(
    context: TaskContext, *, spec: TaskSpec, words: str, known_assets: Collection[str]
) -> TaskContext | None:
    """None: it names an asset that nobody wrote. Left out, the task would be wider than what was asked for."""
    known = {*spec.context.asset_ids, *known_assets}
    if not all(name in known or said_in(name, words) for name in context.asset_ids):
        return None
    subjects = [name for name in context.subjects if name in spec.context.subjects or said_in(name, words)]
    return context.model_copy(update={"subjects": subjects})


def _has_open_times(spec: TaskSpec, context: TaskContext) -> bool:
    draft = TaskDraft(
        kind="task",
        task_type=spec.task_type,
        goal=spec.goal[:400],
        environment=spec.environment,
        context=context,
        confidence=1,
    )
    return missing_scope(draft) is not None


def _shown(spec: TaskSpec) -> dict[str, str]:
    context, constraints = spec.context, spec.constraints
    percent, wait, canary = constraints.max_batch_percent, constraints.wait_seconds, constraints.canary_size
    return {
        "platforms": _listed(context.platforms),
        "regions": _listed(context.regions),
        "sites": _listed(context.sites),
        "assets": _listed(context.asset_ids),
        "tags": _listed([f"{tag.key}={tag.value}" for tag in context.tags]),
        "about": _listed(context.subjects),
        "time range": _span(context.time_range),
        "maintenance window": _span(context.maintenance_window),
        "largest batch": _HOUSE if percent is None else f"{percent:g} %",
        "canary": _HOUSE if canary is None else str(canary),
        "wait after the canary": _HOUSE if wait is None else f"{wait} s",
        "notes": _listed(constraints.notes) if constraints.notes else "none",
    }


_HOUSE = "as the house does"
"""Where nothing is asked, the agent's own defaults hold."""


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"{', '.join(names[:8])}{more}" or "not narrowed"


def _span(window: TimeWindow | None) -> str:
    return f"{window.start.isoformat()} to {window.end.isoformat()}" if window else "not narrowed"
