"""Is what the plan changes besides machines there, as it was at planning, and really what its calls are about?"""

from __future__ import annotations

from collections.abc import Iterator

from policies.checks.base import Case, listed, refuse
from tools.contracts.outputs.dr import DRRunbook
from tools.contracts.outputs.image import ImageSpec
from tools.contracts.plan import Action
from tools.contracts.verdict import Refusal
from tools.resources import ABSENT, KIND_OF, contract_name, named_resources, state_after


def resources_named(case: Case) -> Iterator[Refusal]:
    """A call that changes something besides machines lists it, its params name the same, and the plan expects it."""
    kinds = {row.id: row.kind for row in case.plan.resources}
    if len(kinds) != len(case.plan.resources):
        yield refuse("resource_twice", "The plan lists a resource twice: each needs one expectation.")
    for action in case.actions():
        kind = KIND_OF.get(action.tool)
        if kind is None and not action.resource_ids:
            continue
        if len(action.resource_ids) != 1 or kinds.get(action.resource_ids[0]) != kind:
            yield refuse(
                "resource_unlisted",
                f"Action {action.id!r} must name exactly one resource that the plan lists, of kind {kind or 'none'}.",
            )
        elif named_resources(action.params) != _expected_names(action, case):
            yield refuse("params_resource", f"Action {action.id!r} names another resource in its params.")
    changed = {name for action in case.actions() for name in action.resource_ids}
    if idle := set(kinds) - changed:
        yield refuse("resource_not_changed", f"Listed, and changed by no action: {listed(idle)}.")
    checked = {check.resource_id for phase in case.plan.phases for check in phase.resource_checks}
    if foreign := checked - set(kinds):
        yield refuse("resource_check", f"Checked, and not a resource of the plan: {listed(foreign)}.")


def resources_as_planned(case: Case) -> Iterator[Refusal]:
    """Each is in the caller's org and the plan's environment, and looks as it did when the plan was written."""
    for expected in case.plan.resources:
        seen = case.observed.resources.get(expected.id)
        first = next((action for action in case.actions() if expected.id in action.resource_ids), None)
        builds = first is not None and first.tool == "build_image"
        if seen is None or (seen.state == ABSENT) is not builds:
            what = "is there already" if builds else "is not in this org's estate"
            yield refuse("unknown_resource", f"{expected.id[:80]} {what}. Plan again.")
        elif seen.environment not in (None, case.plan.environment):
            yield refuse("resource_environment", f"{expected.id} is not of {case.plan.environment}. Leave it out.")
        elif (seen.state, seen.fingerprint) != (expected.from_state, expected.fingerprint):
            yield refuse("resource_changed", f"{expected.id} changed since the plan was written. Plan again.")


def resources_reach(case: Case) -> Iterator[Refusal]:
    """The phases lead from where a resource is to where the plan says it ends."""
    for expected in case.plan.resources:
        state = expected.from_state
        for _, action in case.forward():
            if expected.id in action.resource_ids:
                state = state_after(action.tool, action.params, before=state)
        if state != expected.to_state:
            yield refuse("to_state", f"{expected.id} would end as {state}, and the plan says {expected.to_state}.")


def operations_agree(case: Case) -> Iterator[Refusal]:
    """What a runbook or an image plan says of itself is what its resources and calls are."""
    plan = case.plan
    if isinstance(plan, ImageSpec):
        state = next((row.to_state for row in plan.resources if row.id == plan.image_id), "")
        builds = any(action.tool == "build_image" for _, action in case.forward())
        if state != plan.to_status or builds is not (plan.operation == "build"):
            yield refuse("image_agrees", "The image plan says another operation or status than its phases come to.")
    if isinstance(plan, DRRunbook):
        moves = any(action.tool == "trigger_dr_failover" for _, action in case.forward())
        if moves is not (plan.operation == "failover"):
            yield refuse("runbook_agrees", "The runbook says another operation than its phases call.")
        if moves and not any(_leads_back(action) for action in plan.rollback.actions):
            yield refuse(
                "failover_back", "A failover needs a way back: the same call with the parameter rollback: true."
            )
        if any(_leads_back(action) for _, action in case.forward()):
            yield refuse("rollback_forward", "A phase of the runbook is marked as a rollback.")


def _leads_back(action: Action) -> bool:
    return action.tool == "trigger_dr_failover" and action.params.get("rollback") is True


def _expected_names(action: Action, case: Case) -> list[str]:
    """As :func:`named_resources` has to read them from the action's params."""
    if action.tool != "build_image":
        return list(action.resource_ids)
    plan = case.plan
    if not isinstance(plan, ImageSpec) or plan.contract is None:
        return []
    contract = plan.contract.model_dump(mode="json")
    # What people read on the card is what is built.
    return [contract_name(contract) or ""] if contract == action.params.get("contract") else []
