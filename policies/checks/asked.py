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
    for phase in case.changing_phases():
        count = len(set(phase.asset_ids))
        if phase.type == "canary" and asked.canary_size is not None and count > asked.canary_size:
            yield refuse(
                "canary_asked", f"The canary changes {count} assets; at most {asked.canary_size} assets were asked for."
            )
        if phase.type != "wave" or asked.max_batch_percent is None:
            continue
        if count > wave_size(total, asked.max_batch_percent):
            yield refuse(
                "batch_asked",
                f"Phase '{phase.name}' changes {count} of {total} assets at once; batches of at most"
                f" {asked.max_batch_percent:g}% were asked for.",
            )
    waits = [phase.wait_seconds for phase in case.plan.phases if phase.type == "wait"]
    several = sum(phase.type in ("canary", "wave") for phase in case.changing_phases()) > 1
    if asked.wait_seconds and several and max(waits, default=0) < asked.wait_seconds:
        yield refuse(
            "wait_asked",
            f"The pause after the canary is {max(waits, default=0)} s; a wait of {asked.wait_seconds} s was asked for.",
        )
