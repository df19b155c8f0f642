"""What the safety gate refuses of the good plan once it is changed."""

from __future__ import annotations

from policies.checks.base import Check
from policies.gate import JudgeContext
from policies.safety import CHECKS, SafetyGate
from tests.unit.policies.documents import Change
from tests.unit.policies.plans import (
    CATALOG,
    MemoryEstate,
    make_context,
    make_estate,
    make_plan,
)
from tools.contracts.common import JsonObject
from tools.contracts.outputs.drift import DriftRemediationPlan


def same(_: JsonObject) -> None:
    """Changes nothing."""


async def refused(
    change: Change,
    *,
    world: MemoryEstate | None = None,
    context: JudgeContext | None = None,
    checks: tuple[Check, ...] = CHECKS,
) -> set[str]:
    """The rules by which the gate refuses the changed plan."""
    plan = make_plan().model_dump(mode="json")
    change(plan)
    gate = SafetyGate(world or make_estate(), CATALOG, checks=checks)
    # What the tools said is what the plan says they said, unless a test has it otherwise.
    context = context or make_context(plan=DriftRemediationPlan.model_validate(plan))
    finding = await gate.judge(plan, context)
    return {refusal.rule.removeprefix("safety.") for refusal in finding.refusals}
