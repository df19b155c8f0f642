"""Layer 4's words: what a gate says of a plan."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from tools.contracts.common import Contract

GateName = Literal["schema", "policy", "safety", "approval"]
"""In the order they run (ADR-007, layer 4)."""


Subject = Literal["plan", "report"]
"""What was judged. A report changes nothing and needs nobody's approval."""


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
    off: bool = False
    """Switched off by configuration: it judged nothing, and `passed` says only that it did not refuse."""


AutonomyMode = Literal["plan_only", "approve_all", "canary_only", "risk_based", "full_auto"]
"""The most careful first. No mode waives the approval of a change of production."""

Waiver = Literal["", "canary_only", "risk_based", "full_auto"]
"""The mode by which nobody had to approve; empty: people approved."""


class Autonomy(Contract):
    """How much of a plan may run without a person's yes, as the policy decided it."""

    mode: AutonomyMode
    unattended_phases: int = Field(ge=0)
    """How many of the plan's phases, from the first, need no approval. 0: all need it."""
    blockers: list[str]
    """Why the mode waives nothing for this plan, in sentences of the policy. Empty where it waives."""

    @model_validator(mode="after")
    def _nothing_waived_in_doubt(self) -> Autonomy:
        if self.unattended_phases and (self.blockers or self.mode in ("plan_only", "approve_all")):
            raise ValueError(
                f"{self.unattended_phases} phases would run without approval in mode {self.mode} with"
                f" {len(self.blockers)} blockers: a waiver needs a mode that waives and nothing against it"
            )
        return self

    @property
    def waiver(self) -> Waiver:
        """The mode that lets phases run alone; empty where it lets none."""
        mode = self.mode
        if not self.unattended_phases or mode == "plan_only" or mode == "approve_all":
            return ""
        return mode


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
    """The whole pipeline's answer for one plan or report. Allowed only if every gate ran and passed."""

    plan_digest: str
    policy_digest: str | None
    """Of the policies the engine really loaded; None when no engine could be asked."""
    results: list[GateResult]
    requirement: ApprovalRequirement | None
    """Present exactly when a plan is `allowed`; never for a report."""
    subject: Subject = "plan"
    autonomy: Autonomy | None = None
    """None where nothing was decided: then nothing runs without approval."""
    unavailable: str | None = None
    """An engine that could not be asked: the task waits; no repair attempt is spent."""

    @property
    def allowed(self) -> bool:
        passed = [result.gate for result in self.results if result.passed]
        judged = passed == ["schema", "policy", "safety", "approval"]
        return judged and (self.requirement is not None) == (self.subject == "plan")

    @property
    def gates_off(self) -> list[GateName]:
        """Gates that configuration switched off. Shown on every card, and kept in the ledger."""
        return [result.gate for result in self.results if result.off]

    @property
    def unattended_phases(self) -> int:
        """Phases, from the first, that run without a person's yes: only as the policies say in so many words."""
        return self.autonomy.unattended_phases if self.allowed and self.autonomy is not None else 0

    @property
    def shown_only(self) -> bool:
        """Whether the plan is there to be read: nothing can be approved or run."""
        return self.autonomy is not None and self.autonomy.mode == "plan_only"

    @property
    def refusals(self) -> list[Refusal]:
        return [refusal for result in self.results for refusal in result.refusals]
