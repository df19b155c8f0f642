"""Gate 1: the plan has the shape its agent's contract promises. An unknown contract is refused, never skipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from jsonschema import Draft202012Validator
from pydantic import BaseModel

from policies.gate import Finding, JudgeContext
from tools.contracts.common import JsonObject
from tools.contracts.plan import DriftRemediationPlan
from tools.contracts.verdict import Refusal

CONTRACTS: Final[Mapping[str, type[BaseModel]]] = {"DriftRemediationPlan": DriftRemediationPlan}
MAX_SHOWN = 5


@dataclass(frozen=True)
class SchemaGate:
    """JSON Schema 2020-12, as the contract emits it, with formats checked."""

    contracts: Mapping[str, type[BaseModel]] = field(default_factory=lambda: CONTRACTS)
    name: Literal["schema"] = "schema"

    async def judge(self, plan: JsonObject, context: JudgeContext) -> Finding:
        contract = self.contracts.get(context.contract)
        if contract is None:
            reason = f"there is no contract {context.contract!r} to judge this output by"
            refusal = Refusal(gate="schema", rule="schema.unknown_contract", reason=reason, repairable=False)
            return Finding([refusal], engine="jsonschema")
        validator = Draft202012Validator(
            contract.model_json_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        problems = sorted(validator.iter_errors(plan), key=lambda error: error.json_path)
        return Finding(
            [
                Refusal(gate="schema", rule="schema.invalid", reason=f"{error.json_path}: {error.message[:200]}")
                for error in problems[:MAX_SHOWN]
            ],
            engine="jsonschema",
        )
