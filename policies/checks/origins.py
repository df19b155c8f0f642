"""Does a plan say of itself what the planning tools said of it?"""

from __future__ import annotations

from collections.abc import Iterator

from policies.checks.base import Case, refuse
from tools.contracts.common import JsonObject
from tools.contracts.outputs.patch import PatchRolloutPlan
from tools.contracts.rollout import RolloutPlan
from tools.contracts.verdict import Refusal


def as_the_tools_said(case: Case) -> Iterator[Refusal]:
    """Simulation, comparison, fixes and risk are some tool's answer of this task, word for word: none is a model's."""
    plan = case.plan
    if not isinstance(plan, RolloutPlan):
        return
    fields = ["version_comparison"]
    fields += ["simulation"] if plan.simulation is not None else []
    fields += ["fixes", "remaining"] if isinstance(plan, PatchRolloutPlan) else []
    dump = plan.model_dump(mode="json", include=set(fields))
    for name in fields:
        if not any(output.get(name) == dump[name] for output in case.context.results.values()):
            yield refuse("origin", f"The plan's {name} is not what a tool of this task returned. Plan with the tools.")
    if isinstance(plan, PatchRolloutPlan) and plan.risk is not None:
        risk = plan.risk.model_dump(mode="json")
        if not any(_holds(output, risk) for output in case.context.results.values()):
            yield refuse("origin", "The plan's risk is not what calculate_risk_score returned. Calculate it again.")


def _holds(output: JsonObject, wanted: JsonObject) -> bool:
    return all(output.get(name) == value for name, value in wanted.items())
