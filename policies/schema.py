"""Gate 1: the plan has the shape its agent's contract promises. An unknown contract is refused, never skipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from pydantic import BaseModel, ValidationError

from policies.gate import Finding, JudgeContext
from tools.contracts.common import JsonObject
from tools.contracts.plan import DriftRemediationPlan
from tools.contracts.verdict import Refusal
from tools.guards.schemas import schema_problems

CONTRACTS: Final[Mapping[str, type[BaseModel]]] = {"DriftRemediationPlan": DriftRemediationPlan}
MAX_SHOWN = 5


@dataclass(frozen=True)
class SchemaGate:
    """JSON Schema 2020-12, as the contract emits it, then the contract itself."""

    contracts: Mapping[str, type[BaseModel]] = field(default_factory=lambda: CONTRACTS)
    name: Literal["schema"] = "schema"

    async def judge(self, plan: JsonObject, context: JudgeContext) -> Finding:
        contract = self.contracts.get(context.contract)
        if contract is None:
            reason = f"there is no contract {context.contract!r} to judge this output by"
            refusal = Refusal(gate="schema", rule="schema.unknown_contract", reason=reason, repairable=False)
            return Finding([refusal], engine="jsonschema")
        problems = schema_problems(contract.model_json_schema(), plan)
        if not problems:
            try:
                contract.model_validate(plan)
            except ValidationError as error:
                # What JSON Schema leaves open: formats such as dates, and the contract's own validators.
                problems = [
                    f"{'/'.join(str(part) for part in item['loc'])}: {item['msg']}"
                    for item in error.errors()[:MAX_SHOWN]
                ]
        return Finding(
            [Refusal(gate="schema", rule="schema.invalid", reason=problem[:400]) for problem in problems],
            engine="jsonschema",
        )
