"""Do the phases add up?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from policies.checks.base import Case, listed, refuse
from tools.contracts.verdict import Refusal

PERCENT_TOLERANCE = 0.5
"""How far a stated `batch_percent` may be from the computed one: a person rounds."""


def unique_names(case: Case) -> Iterator[Refusal]:
    """Grants and idempotency keys go by phase name and action id; two of one name would share them."""
    if twice := _repeated(phase.name for phase in case.plan.phases):
        yield refuse("phase_name_twice", f"Phases share a name: {listed(twice)}. Each needs its own.")
    if twice := _repeated(action.id for action in case.actions()):
        yield refuse("action_id_twice", f"Actions share an id: {listed(twice)}. Each needs its own.")


def each_asset_once(case: Case) -> Iterator[Refusal]:
    """Every asset is listed once and changed exactly once."""
    if twice := _repeated(case.plan.asset_ids):
        yield refuse("asset_listed_twice", f"The plan lists assets twice: {listed(twice)}.")
    changed = Counter(asset for _, action in case.forward() if case.changes(action) for asset in action.asset_ids)
    if often := {asset for asset, count in changed.items() if count > 1}:
        yield refuse("asset_changed_twice", f"Assets are changed more than once: {listed(often)}.")
    if never := set(case.plan.asset_ids) - set(changed):
        yield refuse("asset_not_changed", f"Assets of the plan are changed by no action: {listed(never)}.")
    if foreign := set(changed) - set(case.plan.asset_ids):
        yield refuse("asset_not_in_plan", f"Actions change assets the plan does not list: {listed(foreign)}.")


def actions_match_phases(case: Case) -> Iterator[Refusal]:
    """A phase's changing actions change exactly the phase's assets."""
    for phase in case.changing_phases():
        acted = [asset for action in phase.actions if case.changes(action) for asset in action.asset_ids]
        if sorted(acted) != sorted(phase.asset_ids):
            yield refuse(
                "phase_assets",
                f"Phase '{phase.name}' lists {len(phase.asset_ids)} assets and its actions change {len(acted)}:"
                " both must be the same assets.",
            )


def stated_percent(case: Case) -> Iterator[Refusal]:
    """What the card says of a batch is what the batch is."""
    total = len(set(case.plan.asset_ids))
    for phase in case.changing_phases():
        real = 100 * len(set(phase.asset_ids)) / total if total else 0
        if abs(real - phase.batch_percent) > PERCENT_TOLERANCE:
            yield refuse(
                "batch_percent",
                f"Phase '{phase.name}' states batch_percent {phase.batch_percent:g};"
                f" {len(set(phase.asset_ids))} of {total} assets are {real:.2f}.",
            )


def canary_first(case: Case) -> Iterator[Refusal]:
    """In production the first phase that changes anything is a canary, by type."""
    changing = case.changing_phases()
    if case.plan.environment == "production" and changing and changing[0].type != "canary":
        yield refuse(
            "canary_first",
            f"The first change in production, phase '{changing[0].name}', is a {changing[0].type}:"
            " it must be of type canary.",
        )


def pauses_only_in_waits(case: Case) -> Iterator[Refusal]:
    """Only a `wait` phase pauses, and it does nothing else; anything else would be shown and not happen."""
    for phase in case.plan.phases:
        if phase.type != "wait" and phase.wait_seconds:
            yield refuse(
                "wait_ignored", f"Phase '{phase.name}' is no wait phase and cannot wait {phase.wait_seconds} s."
            )
        if phase.type == "wait" and (phase.actions or phase.health_checks or phase.asset_ids):
            yield refuse(
                "wait_with_work", f"Phase '{phase.name}' is a wait phase: it has no assets, actions or health checks."
            )


def _repeated(names: Iterable[str]) -> set[str]:
    return {name for name, count in Counter(names).items() if count > 1}
