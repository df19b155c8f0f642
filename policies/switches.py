"""Gates that configuration switches off, one by one. Not in production; and what stands in their place says so."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from policies.engine import PolicyEngine
from policies.gate import Finding, Gate, JudgeContext
from policies.schema import CONTRACTS, Output
from tools.contracts.common import JsonObject
from tools.contracts.verdict import ApprovalRequirement, Autonomy, GateName, Refusal

ENGINE = "off"

UNASKED = ApprovalRequirement(roles=["admin", "approver"], quorum=1, expires_in_seconds=3600)
"""Who approves where no policy is asked who: no switch makes a plan run without a person's yes."""


@dataclass(frozen=True)
class SwitchedOff:
    """Stands where a gate would. It judges nothing, and hands on what the other gates and the run cannot do without:
    the typed plan, the digest of the policies, who must approve."""

    name: GateName
    engine: PolicyEngine
    contracts: Mapping[str, Output] = field(default_factory=lambda: CONTRACTS)

    async def judge(self, plan: JsonObject, context: JudgeContext) -> Finding:
        """See :class:`policies.gate.Gate`. What is no plan at all is refused even so: there is nothing to run."""
        if self.name == "schema":
            return self._typed(plan, context)
        if self.name == "policy":
            return Finding([], engine=ENGINE, policy_digest=await self.engine.digest(), off=True)
        if self.name == "approval":
            if context.subject == "report":
                return Finding([], engine=ENGINE, off=True)
            nothing_alone = Autonomy(mode="approve_all", unattended_phases=0, blockers=[])
            return Finding([], engine=ENGINE, requirement=UNASKED, autonomy=nothing_alone, off=True)
        return Finding([], engine=ENGINE, off=True)

    def _typed(self, plan: JsonObject, context: JudgeContext) -> Finding:
        contract = self.contracts.get(context.contract)
        if contract is None:
            reason = f"There is no contract {context.contract!r}."
            return Finding([_refusal("unknown_contract", reason)], engine=ENGINE, off=True)
        try:
            return Finding([], engine=ENGINE, plan=contract.model_validate(plan).model_dump(mode="json"), off=True)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            place = "/".join(str(part) for part in first["loc"])
            return Finding([_refusal("contract", f"/{place}: {first['msg']}"[:240])], engine=ENGINE, off=True)


def switched(
    gates: Collection[Gate],
    *,
    off: Collection[GateName],
    production: bool,
    engine: PolicyEngine,
    contracts: Mapping[str, Output] = CONTRACTS,
) -> list[Gate]:
    """The gates, those in `off` replaced; every other stands as it was. Raises `ValueError` in production mode."""
    if production and off:
        raise ValueError(
            f"In production mode no gate can be switched off; got {', '.join(sorted(off))}. Switch it on again,"
            " or say that this is no production."
        )
    return [SwitchedOff(gate.name, engine, contracts) if gate.name in off else gate for gate in gates]


def _refusal(rule: str, reason: str) -> Refusal:
    return Refusal(gate="schema", rule=f"schema.{rule}", reason=reason)
