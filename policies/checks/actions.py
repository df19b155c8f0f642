"""Are the actions calls of known tools, with parameters that say what the plan says?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from policies.checks.base import Case, listed, refuse
from policies.engine import is_list, is_object
from policies.schema import SchemaValidator, sentences, strict_validator
from tools.contracts.common import AgentName
from tools.contracts.plan import Action
from tools.contracts.rollout import RolloutPlan
from tools.contracts.verdict import Refusal

PLAN_TOOLS: Mapping[AgentName, frozenset[str]] = MappingProxyType(
    {
        "drift": frozenset({"execute_rollout_prod", "execute_rollout_nonprod"}),
        "patch": frozenset({"execute_rollout_prod", "execute_rollout_nonprod"}),
        "dr": frozenset({"trigger_dr_drill", "trigger_dr_failover"}),
        "image": frozenset({"build_image", "promote_image", "promote_image_nonprod"}),
    }
)
"""Agent → the tools that its plans may name. Not those that it may call while it investigates."""


def known_tools(case: Case) -> Iterator[Refusal]:
    """Every tool exists, and this agent's plans may name it."""
    allowed = f"Use one of: {listed(_allowed(case)) or 'none'}."
    for name in sorted({action.tool for action in case.actions()}):
        if name not in case.tools:
            yield refuse("unknown_tool", f"There is no tool {name!r}. {allowed}")
        elif name not in _allowed(case):
            yield refuse(
                "tool_not_allowed",
                f"A plan of the {case.context.agent} agent may not use {name}. {allowed}",
            )


def valid_params(case: Case) -> Iterator[Refusal]:
    """Parameters satisfy the tool's own input schema."""
    named = {action.tool for action in case.actions()} & set(case.tools)  # `known_tools` refuses the others
    validators = {name: _validator(json.dumps(case.tools[name]["input_schema"])) for name in named}
    for action in case.actions():
        if action.tool not in validators:
            continue
        for _, sentence in sentences(validators[action.tool], action.params):
            yield refuse("invalid_params", f"Action {action.id!r}, {action.tool}, params {sentence}")


@lru_cache(maxsize=256)
def _validator(schema: str) -> SchemaValidator:
    """By the schema's text: making one takes longer than a plan's parameters do."""
    return strict_validator(json.loads(schema))


def params_name_the_assets(case: Case) -> Iterator[Refusal]:
    """A call changes what its parameters name, so they must name what the plan shows."""
    for action in case.actions():
        named = action.params.get("asset_ids")
        if named is None and not (_takes_assets(action, case) or case.changes(action)):
            continue
        if not is_list(named) or sorted(map(str, named)) != sorted(action.asset_ids):
            yield refuse(
                "params_assets",
                f"Action {action.id!r} lists {len(action.asset_ids)} assets and its params name others:"
                " both must be the same assets.",
            )


def environment_of_params(case: Case) -> Iterator[Refusal]:
    """Where a tool takes an environment, it is the plan's."""
    for action in case.actions():
        named = action.params.get("environment", case.plan.environment)
        if named != case.plan.environment:
            yield refuse(
                "params_environment",
                f"Action {action.id!r} names another environment than the plan's {case.plan.environment}.",
            )


def forward_to_target(case: Case) -> Iterator[Refusal]:
    """A rollout's phases install the image that the plan says, and do not roll back."""
    if not isinstance(case.plan, RolloutPlan):
        return
    target = case.plan.target_image.id
    for _, action in case.forward():
        if case.changes(action) and action.params.get("target_image_id") != target:
            yield refuse("target_image", f"Action {action.id!r} installs another image than the plan's {target}.")
        if case.changes(action) and action.params.get("rollback", False) is not False:
            yield refuse("rollback_forward", f"Action {action.id!r} of a phase is marked as a rollback.")


def rollback_restores(case: Case) -> Iterator[Refusal]:
    """A rollout's rollback takes every asset, once, back to the version it came from."""
    if not isinstance(case.plan, RolloutPlan):
        return
    before = {expectation.asset_id: expectation.from_version for expectation in case.plan.expectations}
    restored: list[str] = []
    for action in case.plan.rollback.actions:
        if not case.changes(action):
            continue
        restored.extend(action.asset_ids)
        yield from _restores(action, before, case)
    if sorted(restored) != sorted(set(case.plan.asset_ids)):
        yield refuse(
            "rollback_incomplete",
            f"The rollback restores {len(set(restored))} assets, with {len(restored)} entries;"
            f" it must restore each of the plan's {len(set(case.plan.asset_ids))} exactly once.",
        )


def _restores(action: Action, before: dict[str, str], case: Case) -> Iterator[Refusal]:
    image = case.observed.images.get(str(action.params.get("target_image_id")))
    if image is None:
        yield refuse("rollback_image", f"Rollback action {action.id!r} names an image that the estate does not have.")
        return
    if action.params.get("rollback") is not True:
        yield refuse("rollback_unmarked", f"Rollback action {action.id!r} must have the parameter rollback: true.")
    wrong = {
        asset_id
        for asset_id in action.asset_ids
        if before.get(asset_id) != image.version
        or (asset_id in case.observed.assets and case.observed.assets[asset_id].image_family != image.family)
    }
    if wrong:
        yield refuse(
            "rollback_version",
            f"Rollback action {action.id!r} installs {image.family} {image.version},"
            f" which is not what these assets came from: {listed(wrong)}.",
        )


def _takes_assets(action: Action, case: Case) -> bool:
    tool = case.tools.get(action.tool)
    schema = tool.get("input_schema") if tool is not None else None
    properties = schema.get("properties") if is_object(schema) else None
    return is_object(properties) and "asset_ids" in properties


def _allowed(case: Case) -> frozenset[str]:
    """An agent that is not listed may name none."""
    return PLAN_TOOLS.get(case.context.agent, frozenset())
