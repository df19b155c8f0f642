"""Metrics of gates and approvals: what was refused and why, what people decided, and how long they took."""

from __future__ import annotations

from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Histogram

from bot.telemetry.labels import Bounded, one_of
from bot.workflows.decisions import Problem
from tools.contracts.common import JsonObject
from tools.contracts.verdict import GateName, Subject, Waiver

_GATE_SECONDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)
_WAITS: Final = (10, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 24 * 3600)
RULES: Final = 200
"""Refusals' names that are told apart: Gavel's own are about a hundred, a tenant's policies bring more."""


class VerdictMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._verdicts = Counter(
            "gavel_gate_verdicts_total",
            "What each gate said. A gate that was not come to says nothing.",
            ["subject", "gate", "verdict"],
            registry=registry,
        )
        self._refusals = Counter(
            "gavel_gate_refusals_total", "Refusals, by the rule that refused.", ["gate", "rule"], registry=registry
        )
        self._seconds = Histogram(
            "gavel_gate_seconds", "How long a gate took.", ["gate"], buckets=_GATE_SECONDS, registry=registry
        )
        self._requested = Counter("gavel_approvals_requested_total", "Plans put to people.", registry=registry)
        self._waived = Counter(
            "gavel_approvals_waived_total", "Plans of which a part ran without approval.", ["mode"], registry=registry
        )
        self._decisions = Counter(
            "gavel_decisions_total", "Decisions that counted.", ["verdict", "settled"], registry=registry
        )
        self._problems = Counter(
            "gavel_decisions_refused_total", "Decisions that did not count, by why.", ["problem"], registry=registry
        )
        self._waited = Histogram(
            "gavel_approval_wait_seconds",
            "From a plan's card to the decision that settled it.",
            ["verdict"],
            buckets=_WAITS,
            registry=registry,
        )
        self._rules = Bounded(RULES)
        # There from the start: an alert on the first of its kind compares with zero.
        for problem in get_args(Problem):
            self._problems.labels(problem)
        for gate in get_args(GateName):
            # What a gate that broke refuses by (policies/pipeline.py).
            self._refusals.labels(gate, self._rules(f"{gate}.failed"))
        for subject in get_args(Subject):
            for gate in get_args(GateName):
                for verdict in ("passed", "refused", "off"):
                    self._verdicts.labels(subject, gate, verdict)

    def judged(self, body: JsonObject) -> None:
        """`body`: a `tools.contracts.verdict.GateReport`."""
        subject = one_of(body.get("subject"), get_args(Subject))
        results: list[JsonObject] = body.get("results") or []
        for result in results:
            gate = one_of(result.get("gate"), get_args(GateName))
            verdict = "off" if result.get("off") else "passed" if result.get("passed") else "refused"
            self._verdicts.labels(subject, gate, verdict).inc()
            self._seconds.labels(gate).observe(float(result.get("duration_ms") or 0) / 1000)
            refusals: list[JsonObject] = result.get("refusals") or []
            for refusal in refusals:
                self._refusals.labels(gate, self._rules(refusal.get("rule"))).inc()

    def requested(self, _body: JsonObject) -> None:
        self._requested.inc()

    def waived(self, body: JsonObject) -> None:
        autonomy: JsonObject = body.get("autonomy") or {}
        self._waived.labels(one_of(autonomy.get("mode"), get_args(Waiver))).inc()

    def accepted(self, body: JsonObject) -> None:
        verdict = one_of(body.get("verdict"), ("approve", "reject"))
        settled = body.get("settled") is True
        self._decisions.labels(verdict, str(settled).lower()).inc()
        waited = body.get("waited_seconds")
        if settled and waited is not None:
            self._waited.labels(verdict).observe(float(waited))

    def refused(self, body: JsonObject) -> None:
        self._problems.labels(one_of(body.get("problem"), get_args(Problem))).inc()
