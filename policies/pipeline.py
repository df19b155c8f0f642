"""Layer 4 (ADR-007): schema → policy → safety → approval. All four, always, in this order."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from policies.approval import ApprovalGate
from policies.autonomy import AutonomyCheck, ChangeHistory
from policies.engine import PolicyEngine, PolicyUnavailable
from policies.gate import Catalog, Finding, Gate, JudgeContext, Recordable
from policies.images import ImageRules
from policies.policy import PACKAGE as PLAN_RULES
from policies.policy import PolicyGate
from policies.safety import SafetyGate
from policies.schema import SchemaGate
from policies.switches import switched
from tools.connectors.base import Estate, EstateError
from tools.contracts.common import JsonObject, digest_of
from tools.contracts.ledger import LedgerUnavailable
from tools.contracts.verdict import ApprovalRequirement, Autonomy, GateName, GateReport, GateResult, Refusal

__all__ = ["ORDER", "JudgeContext", "Pipeline", "build_pipeline"]

ORDER: tuple[GateName, ...] = get_args(GateName)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Examination:
    """The answer for one plan, and what it rests on."""

    report: GateReport
    documents: Mapping[str, JsonObject]
    """Package → what the policies were asked. Packages that were not come to are not there."""

    judged: JsonObject
    """What was judged: the canonical plan, or where the schema gate refused, the plan as it was written."""
    contract: str
    seen: Recordable | None = None
    """What the safety gate saw. None: it was not come to, or is switched off."""

    def as_recorded(self) -> JsonObject:
        """What `gavel policy explain` and `replay` need: what was judged, once, and what it was judged by."""
        return {
            "contract": self.contract,
            "plan": self.judged,
            "documents": {name: _without_plan(name, asked) for name, asked in self.documents.items()},
            "seen": None if self.seen is None else self.seen.as_recorded(self.judged),
        }


@dataclass(frozen=True)
class Pipeline:
    """Stops at the first gate that refuses: later gates may rely on what earlier ones made sure of."""

    gates: Sequence[Gate]

    def __post_init__(self) -> None:
        """Raises `ValueError` unless the gates are exactly the four, in order: none can be configured away."""
        given = tuple(gate.name for gate in self.gates)
        if given != ORDER:
            raise ValueError(f"The gates must be {', '.join(ORDER)}, in this order; got {', '.join(given) or 'none'}.")

    async def judge(self, plan: JsonObject, context: JudgeContext) -> GateReport:
        """The report alone: see :meth:`examine`."""
        return (await self.examine(plan, context)).report

    async def examine(self, plan: JsonObject, context: JudgeContext) -> Examination:
        """The report, and what the policies were asked for it.

        It does not raise for what is wrong with a plan, nor for an engine or a source that is away. `plan_digest` is of
        the canonical plan, which is what later gates judge and what may be run; where the schema gate refused, of the
        plan as it was written.
        """
        try:
            plan_digest = digest_of(plan)
        except (ValueError, TypeError, RecursionError) as error:
            text = f"The plan is no JSON that could be digested ({type(error).__name__}). Nothing was judged."
            refusal = Refusal(gate="schema", rule="schema.json", reason=text)
            result = GateResult(gate="schema", passed=False, refusals=[refusal], engine="json", duration_ms=0)
            broken = GateReport(
                plan_digest="", policy_digest=None, results=[result], requirement=None, subject=context.subject
            )
            return Examination(broken, {}, {}, context.contract)
        judged = plan
        results: list[GateResult] = []
        policy_digest: str | None = None
        requirement: ApprovalRequirement | None = None
        autonomy: Autonomy | None = None
        documents: dict[str, JsonObject] = {}
        seen: Recordable | None = None
        for gate in self.gates:
            started = time.perf_counter()
            finding, unavailable = await _ask(gate, judged, context)
            results.append(
                GateResult(
                    gate=gate.name,
                    passed=not finding.refusals,
                    refusals=finding.refusals,
                    engine=finding.engine,
                    duration_ms=1000 * (time.perf_counter() - started),
                    off=finding.off,
                )
            )
            policy_digest = finding.policy_digest or policy_digest
            documents |= finding.documents
            seen = finding.seen or seen
            if finding.refusals:
                refused = GateReport(
                    plan_digest=plan_digest,
                    policy_digest=policy_digest,
                    results=results,
                    requirement=None,
                    unavailable=unavailable,
                    subject=context.subject,
                )
                return Examination(refused, documents, judged, context.contract, seen)
            if finding.plan is not None:
                judged, plan_digest = finding.plan, digest_of(finding.plan)
            requirement, autonomy = finding.requirement, finding.autonomy
        passed = GateReport(
            plan_digest=plan_digest,
            policy_digest=policy_digest,
            results=results,
            requirement=requirement,
            autonomy=autonomy,
            subject=context.subject,
        )
        return Examination(passed, documents, judged, context.contract, seen)


async def _ask(gate: Gate, plan: JsonObject, context: JudgeContext) -> tuple[Finding, str | None]:
    """The gate's finding; when it cannot be asked, a refusal, and the sentence that says what is away."""
    try:
        return await gate.judge(plan, context), None
    except (PolicyUnavailable, EstateError, LedgerUnavailable) as error:
        sentence = str(error) or type(error).__name__
        return _broken(gate.name, "unavailable", sentence), sentence
    except Exception as error:
        # A gate that breaks has not said yes. The trace is for whoever mends it.
        _log.exception("The %s gate failed", gate.name)
        text = f"The {gate.name} gate failed ({type(error).__name__}). Nothing was allowed; see the log."
        return _broken(gate.name, "failed", text), None


def _broken(gate: GateName, what: str, reason: str) -> Finding:
    return Finding([Refusal(gate=gate, rule=f"{gate}.{what}", reason=reason, repairable=False)], engine="none")


def _without_plan(name: str, document: JsonObject) -> JsonObject:
    return {key: value for key, value in document.items() if key != "plan"} if name == PLAN_RULES else document


def build_pipeline(
    engine: PolicyEngine,
    *,
    estate: Estate,
    catalog: Catalog,
    history: ChangeHistory,
    off: Collection[GateName] = (),
    production: bool = True,
) -> Pipeline:
    """Schema, OPA, safety, approval (ADR-007, layer 4). None can be left out; outside production mode those in `off`
    are switched off, each by itself. Raises `ValueError` where that is not allowed."""
    gates: list[Gate] = [
        SchemaGate(),
        PolicyGate(engine, catalog, ImageRules(engine, estate), history),
        SafetyGate(estate, catalog),
        ApprovalGate(engine, AutonomyCheck(engine, estate, catalog, history)),
    ]
    return Pipeline(gates=switched(gates, off=off, production=production, engine=engine))
