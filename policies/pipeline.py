"""Layer 4 (ADR-007): schema → policy → safety → approval. All four, always, in this order."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import get_args

from policies.engine import PolicyEngine, PolicyUnavailable, PolicyUndefined
from policies.gate import Finding, Gate, JudgeContext
from tools.connectors.base import EstateError
from tools.contracts.common import JsonObject, digest_of
from tools.contracts.verdict import ApprovalRequirement, GateName, GateReport, GateResult, Refusal

ORDER: tuple[GateName, ...] = get_args(GateName)

_log = logging.getLogger(__name__)


class Pipeline:
    """Judges plans. It stops at the first gate that refuses; a plan is allowed only if all four ran and passed."""

    def __init__(self, gates: Sequence[Gate], *, engine: PolicyEngine) -> None:
        """Raises `ValueError` unless the gates are exactly the four, in order: none can be configured away."""
        given = tuple(gate.name for gate in gates)
        if given != ORDER:
            raise ValueError(f"The gates must be {', '.join(ORDER)}, in this order; got {', '.join(given) or 'none'}.")
        self._gates = tuple(gates)
        self._engine = engine

    async def judge(self, plan: JsonObject, context: JudgeContext) -> GateReport:
        """The report. It never raises for what is wrong with a plan, an engine or a source: that is a refusal."""
        try:
            judged, plan_digest = plan, digest_of(plan)
        except (ValueError, TypeError, RecursionError) as error:
            text = f"The plan is no JSON that could be digested ({type(error).__name__}). Nothing was judged."
            return _report("", None, [_failed("schema", "none", _refusal("schema", "schema.json", text, True))])
        try:
            policy_digest = await self._engine.digest()
        except (PolicyUnavailable, PolicyUndefined) as error:
            refusal = _refusal("policy", "policy.unavailable", str(error), False)
            results = [_failed("policy", self._engine.name, refusal)]
            return _report(plan_digest, None, results, unavailable=str(error))
        results: list[GateResult] = []
        requirement: ApprovalRequirement | None = None
        for gate in self._gates:
            started = time.perf_counter()
            finding, unavailable = await _ask(gate, judged, context)
            results.append(
                GateResult(
                    gate=gate.name,
                    passed=not finding.refusals,
                    refusals=finding.refusals,
                    engine=gate.engine,
                    duration_ms=1000 * (time.perf_counter() - started),
                )
            )
            if finding.refusals:
                return _report(plan_digest, policy_digest, results, unavailable=unavailable)
            if finding.plan is not None:
                judged, plan_digest = finding.plan, digest_of(finding.plan)
            requirement = finding.requirement
        return _report(plan_digest, policy_digest, results, requirement=requirement)


async def _ask(gate: Gate, plan: JsonObject, context: JudgeContext) -> tuple[Finding, str | None]:
    """The gate's finding; when it cannot be asked, a refusal, and the sentence that says what is away."""
    try:
        return await gate.judge(plan, context), None
    except (PolicyUnavailable, EstateError) as error:
        sentence = str(error) or type(error).__name__
        return Finding([_refusal(gate.name, f"{gate.name}.unavailable", sentence, False)]), sentence
    except PolicyUndefined as error:
        return Finding([_refusal(gate.name, f"{gate.name}.undefined", str(error), False)]), None
    except Exception as error:
        # A gate that breaks has not said yes. The trace is for whoever mends it.
        _log.exception("gate %s failed", gate.name)
        text = f"The {gate.name} gate failed ({type(error).__name__}). Nothing was allowed; see the log."
        return Finding([_refusal(gate.name, f"{gate.name}.failed", text, False)]), None


def _refusal(gate: GateName, rule: str, reason: str, repairable: bool) -> Refusal:
    return Refusal(gate=gate, rule=rule, reason=reason, repairable=repairable)


def _failed(gate: GateName, engine: str, refusal: Refusal) -> GateResult:
    return GateResult(gate=gate, passed=False, refusals=[refusal], engine=engine, duration_ms=0)


def _report(
    plan_digest: str,
    policy_digest: str | None,
    results: list[GateResult],
    *,
    requirement: ApprovalRequirement | None = None,
    unavailable: str | None = None,
) -> GateReport:
    return GateReport(
        plan_digest=plan_digest,
        policy_digest=policy_digest,
        results=results,
        requirement=requirement,
        unavailable=unavailable,
    )
