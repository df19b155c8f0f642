"""Does a plan say of itself what the planning tools said of it?"""

from __future__ import annotations

from collections.abc import Iterator

from policies.checks.base import Case, refuse
from policies.engine import is_list, is_object
from tools.contracts.common import JsonObject
from tools.contracts.outputs.dr import DRRunbook
from tools.contracts.outputs.image import ImageSpec
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


def operations_as_the_tools_said(case: Case) -> Iterator[Refusal]:
    """What a failover is allowed by (its test, its loss, what did not pass) and what an image is built to, likewise."""
    plan, outputs = case.plan, case.context.results.values()
    if isinstance(plan, DRRunbook):
        simulation = plan.simulation
        said: JsonObject = {
            "dr_pair_id": plan.pair_id,
            "kind": plan.operation,
            "days_since_passed_test": plan.days_since_passed_test,
            "max_data_loss_minutes": plan.max_data_loss_minutes,
            "simulation_id": simulation.id,
            "not_passed": simulation.not_passed,
            "predicted_data_loss_minutes": simulation.data_loss_minutes,
        }
        if not any(_holds(output, said) for output in outputs):
            yield refuse("origin", "The runbook is not what generate_dr_runbook returned. Write it with the tool.")
    if isinstance(plan, ImageSpec):
        dump = plan.model_dump(mode="json", include={"contract", "findings"})
        if plan.contract is not None and not any(output.get("contract") == dump["contract"] for output in outputs):
            yield refuse("origin", "The image's contract is not what generate_image_contract returned.")
        if plan.findings and not any(_found(output, plan.image_id) == dump["findings"] for output in outputs):
            yield refuse("origin", "The image's findings are not what validate_image returned. Validate it again.")


def _found(output: JsonObject, image_id: str) -> list[JsonObject] | None:
    """What `validate_image` said of this image, check by check."""
    checks: object = output.get("checks")
    if output.get("image_id") != image_id or not is_list(checks):
        return None
    return [{name: row.get(name) for name in ("name", "status", "observed")} for row in checks if is_object(row)]


def _holds(output: JsonObject, wanted: JsonObject) -> bool:
    return all(output.get(name) == value for name, value in wanted.items())
