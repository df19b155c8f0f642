"""The four gates in their order. A plan is allowed only when every one of them ran and passed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from policies.approval import ApprovalGate
from policies.engine import PolicyEngine, PolicyUnavailable
from policies.gate import Catalog, Gate, JudgeContext
from policies.policy import PolicyGate
from policies.safety import SafetyGate
from policies.schema import SchemaGate
from tools.connectors.base import Estate
from tools.contracts.common import JsonObject, digest_of
from tools.contracts.verdict import ApprovalRequirement, GateReport, GateResult

__all__ = ["JudgeContext", "Pipeline", "build_pipeline"]


@dataclass(frozen=True)
class Pipeline:
    """Stops at the first gate that refuses: later gates may rely on what earlier ones made sure of."""

    gates: Sequence[Gate] = field(default_factory=list[Gate])

    async def judge(self, plan: JsonObject, context: JudgeContext) -> GateReport:
        """The report. Does not raise for an engine that is away: `unavailable` says so, and nothing is allowed."""
        results: list[GateResult] = []
        policy_digest: str | None = None
        requirement: ApprovalRequirement | None = None
        unavailable: str | None = None
        for gate in self.gates:
            started = time.perf_counter()
            try:
                finding = await gate.judge(plan, context)
            except PolicyUnavailable as error:
                unavailable = str(error)
                break
            policy_digest = finding.policy_digest or policy_digest
            requirement = finding.requirement or requirement
            results.append(
                GateResult(
                    gate=gate.name,
                    passed=not finding.refusals,
                    refusals=finding.refusals,
                    engine=finding.engine,
                    duration_ms=1000 * (time.perf_counter() - started),
                )
            )
            if finding.refusals:
                break
        complete = [result.gate for result in results if result.passed] == ["schema", "policy", "safety", "approval"]
        return GateReport(
            plan_digest=digest_of(plan),
            policy_digest=policy_digest,
            results=results,
            requirement=requirement if complete and unavailable is None else None,
            unavailable=unavailable,
        )


def build_pipeline(engine: PolicyEngine, *, estate: Estate, catalog: Catalog) -> Pipeline:
    """Schema, OPA, safety, approval (ADR-007, layer 4). None can be left out."""
    return Pipeline(
        gates=[
            SchemaGate(),
            PolicyGate(engine, catalog),
            SafetyGate(estate, catalog),
            ApprovalGate(engine),
        ]
    )
