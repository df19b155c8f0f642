"""Is the rollout as careful as a person asked for? A wish allows nothing, and a bolder plan is not what was asked."""

from __future__ import annotations

from collections.abc import Iterator

from policies.checks.base import Case, refuse
from tools.contracts.rollout import RolloutPlan
from tools.contracts.verdict import Refusal
from tools.drift.phases import wave_size


def as_careful_as_asked(case: Case) -> Iterator[Refusal]:
    """No larger canary, no larger wave and no shorter pause than the task's constraints name. What they do not name,
    and what is more careful still, is as the other gates have it.
    """
    if not isinstance(case.plan, RolloutPlan):
        return
    asked, total = case.context.spec.constraints, len(set(case.plan.asset_ids))
    changing = case.changing_phases()
    for number, phase in enumerate(changing):
        count = len(set(phase.asset_ids))
        # What changes something first is the canary, whatever the plan calls it.
        canary = number == 0 or phase.type == "canary"
        if canary and asked.canary_size is not None and count > asked.canary_size:
            yield refuse(
                "canary_asked",
                f"Phase '{phase.name}' changes {count} assets first; at most {asked.canary_size} were asked for.",
            )
        if (number == 0 and phase.type == "canary") or asked.max_batch_percent is None:
            continue
        if count > wave_size(total, asked.max_batch_percent):
            yield refuse(
                "batch_asked",
                f"Phase '{phase.name}' changes {count} of {total} assets at once; batches of at most"
                f" {asked.max_batch_percent:g}% were asked for.",
            )
    at = [number for number, phase in enumerate(case.plan.phases) if phase in changing]
    if not asked.wait_seconds or len(at) < 2:
        return
    # A pause before the first change or after the second lets nobody look at what the first one did.
    between = case.plan.phases[at[0] : at[1]]
    waited = max((phase.wait_seconds for phase in between if phase.type == "wait"), default=0)
    if waited < asked.wait_seconds:
        yield refuse(
            "wait_asked",
            f"The pause after the canary is {waited} s; a wait of {asked.wait_seconds} s was asked for.",
        )
