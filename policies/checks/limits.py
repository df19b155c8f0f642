"""Is it small enough to be looked at, whatever the policies' own figures say?"""

from __future__ import annotations

from collections.abc import Iterator

from policies.checks.base import Case, refuse
from tools.contracts.outputs.dr import DRRunbook
from tools.contracts.verdict import Refusal

MAX_BATCH_PERCENT = 50.0
"""Of the plan's assets in one phase in production. More than half at once is no batch: the policies' limit, which an
operator may set, is a figure under this one."""

MAX_ASSETS = 5000
"""Of one plan. More than that is nobody's to approve on one card."""


def batch_ceiling(case: Case) -> Iterator[Refusal]:
    """In production no phase changes more than half of the plan's assets, unless it is a single one.

    A recovery pair moves as a whole: its machines are not changed themselves, and `resources_named` holds its calls.
    """
    total = len(set(case.plan.asset_ids))
    if case.plan.environment != "production" or isinstance(case.plan, DRRunbook):
        return
    for phase in case.changing_phases():
        count = len(set(phase.asset_ids))
        if count > 1 and 100 * count > MAX_BATCH_PERCENT * total:
            yield refuse(
                "batch_ceiling",
                f"Phase '{phase.name}' changes {count} of {total} assets at once: in production at most"
                f" {MAX_BATCH_PERCENT:g}% is a batch.",
            )


def blast_radius(case: Case) -> Iterator[Refusal]:
    """A plan is of a size that a person can answer for."""
    count = len(set(case.plan.asset_ids))
    if count > MAX_ASSETS:
        yield refuse("blast_radius", f"The plan changes {count} assets; at most {MAX_ASSETS} can be in one. Split it.")
