"""Layer 4's words: what a gate says of a plan."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from tools.contracts.common import Contract

GateName = Literal["schema", "policy", "safety", "approval"]
"""In the order they run (ADR-007, layer 4)."""


class Refusal(Contract):
    """Why something was not allowed, for the person and for the agent that may repair it."""

    gate: GateName
    rule: str
    """Stable and greppable, e.g. `plan.batch_too_large`."""
    reason: str
    """One sentence: what was found, and what would be allowed."""
    repairable: bool = True
    """False: another plan cannot help (an engine is away, the org is wrong)."""


class GateResult(Contract):
    gate: GateName
    passed: bool
    refusals: list[Refusal]
    engine: str
    """What decided, e.g. `jsonschema`, `opa 1.22.2`, `regorus`."""
    duration_ms: float


class ApprovalRequirement(Contract):
    """Who must say yes, as the policy decided it."""

    roles: list[str] = Field(min_length=1)
    """Any of these roles may decide."""
    quorum: int = Field(ge=1)
    """Distinct people needed."""
    expires_in_seconds: int = Field(ge=1)
    step_up: bool = False
    """True: the approver also types the environment's name."""
    step_up_reasons: list[str] = Field(default_factory=list)
    """Why, in sentences of the policy. Empty exactly when `step_up` is False."""

    @model_validator(mode="after")
    def _asked_for_with_a_reason(self) -> ApprovalRequirement:
        if self.step_up != bool(self.step_up_reasons):
            raise ValueError(
                f"step_up is {self.step_up} with {len(self.step_up_reasons)} reasons: "
                "it is asked for with a reason, and never without one"
            )
        return self


class GateReport(Contract):
    """The whole pipeline's answer for one plan. Allowed only if every gate ran and passed."""

    plan_digest: str
    policy_digest: str | None
    """Of the policies the engine really loaded; None when no engine could be asked."""
    results: list[GateResult]
    requirement: ApprovalRequirement | None
    """Present exactly when `allowed`."""
    unavailable: str | None = None
    """An engine that could not be asked: the task waits; no repair attempt is spent."""

    @property
    def allowed(self) -> bool:
        passed = [result.gate for result in self.results if result.passed]
        return passed == ["schema", "policy", "safety", "approval"] and self.requirement is not None

    @property
    def refusals(self) -> list[Refusal]:
        return [refusal for result in self.results for refusal in result.refusals]
