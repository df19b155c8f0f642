"""What an org's own policies ask for besides: more people, fewer roles, less time, more care, less that runs alone."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationError

from policies.engine import PolicyUndefined
from tools.contracts.common import Contract, JsonObject
from tools.contracts.verdict import ApprovalRequirement

_Sentence = Annotated[str, Field(min_length=1, max_length=300)]


class Requirement(Contract):
    """`require` of an org's `approval` decision. What is not said stays as the house has it."""

    quorum: int | None = Field(default=None, ge=1, le=20)
    """At least so many people."""
    roles: list[str] | None = None
    """Only these, of the roles that the house lets approve."""
    expires_in_seconds: int | None = Field(default=None, ge=1)
    """At most so long."""
    step_up_reasons: list[_Sentence] = Field(default=[], max_length=10)
    """Why more care is asked for."""


class Restraint(Contract):
    """`blockers` and `mode` of an org's `autonomy` decision."""

    blockers: list[_Sentence] = Field(default=[], max_length=50)
    mode: Literal["plan_only", "approve_all"] | None = None
    """None: as the house has it. No other mode is more careful than some mode of the house's."""


def tightened(decision: JsonObject, require: object) -> JsonObject:
    """The house's approval decision with an org's requirement: where they differ, the stricter.

    Raises :class:`PolicyUndefined` for a requirement that cannot be read.
    """
    if require is None:
        return decision
    try:
        own = Requirement.model_validate(require)
        house = ApprovalRequirement.model_validate(decision["requirement"])
    except ValidationError as error:
        raise PolicyUndefined(f"The org's own approval requirement cannot be read: {_first(error)}.") from error
    roles = [role for role in house.roles if own.roles is None or role in own.roles]
    if not roles:
        reason = "the org's own policies leave no role that may approve: correct them"
        refusal = {"rule": "tenant.no_roles", "reason": reason, "repairable": False}
        return {**decision, "allow": False, "deny": [refusal], "requirement": None}
    reasons = sorted({*house.step_up_reasons, *own.step_up_reasons})
    requirement = {
        "roles": roles,
        "quorum": max(house.quorum, own.quorum or 1),
        "expires_in_seconds": min(house.expires_in_seconds, own.expires_in_seconds or house.expires_in_seconds),
        "step_up": bool(reasons),
        "step_up_reasons": reasons,
    }
    return {**decision, "requirement": requirement}


def more_blockers(decision: JsonObject, *, blockers: object, mode: object) -> JsonObject:
    """The house's autonomy decision with what an org has against it. Raises :class:`PolicyUndefined`."""
    said = {name: value for name, value in (("blockers", blockers), ("mode", mode)) if value is not None}
    try:
        own = Restraint.model_validate(said)
    except ValidationError as error:
        raise PolicyUndefined(f"The org's own autonomy decision cannot be read: {_first(error)}.") from error
    if own.mode is not None and decision["mode"] != "plan_only":
        decision = {**decision, "mode": own.mode, "unattended_phases": 0, "blockers": []}
    if own.blockers and decision["unattended_phases"]:
        decision = {**decision, "unattended_phases": 0, "blockers": sorted({*decision["blockers"], *own.blockers})}
    return decision


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
