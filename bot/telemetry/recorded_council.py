"""Metrics of councils: who answered, how far they agreed."""

from __future__ import annotations

from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Histogram

from bot.telemetry.labels import Bounded, one_of
from tools.contracts.common import JsonObject, Mode
from tools.contracts.council import MemberState

_SHARES: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 0.999, 1)
_SECONDS: Final = (0.5, 1, 2, 5, 10, 20, 40, 60, 90, 120, 180)


class CouncilMetrics:
    """Of answers that more than one model gave: councils and aggregations."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._outcomes = Counter(
            "gavel_council_outcomes_total",
            "What came of asking several models. Degraded: it ran in another mode than was asked for.",
            ["mode", "outcome"],
            registry=registry,
        )
        self._members = Counter(
            "gavel_council_members_total",
            "Members asked, by what became of them.",
            ["model", "state"],
            registry=registry,
        )
        self._seconds = Histogram(
            "gavel_council_seconds",
            "How long its slowest member that answered took.",
            ["mode"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._agreement = Histogram(
            "gavel_council_agreement",
            "Mean agreement over the claims that carried, where there was a vote.",
            buckets=_SHARES,
            registry=registry,
        )
        self._dissent = Counter("gavel_council_dissent_total", "Claims disputed by a member.", registry=registry)
        self._models = Bounded(50)

    def voted(self, body: JsonObject) -> None:
        """`body`: a `tools.contracts.council.CouncilOutcome`."""
        mode = one_of(body.get("mode"), get_args(Mode))
        outcome = "degraded" if body.get("degraded") else "consensus" if body.get("consensus") else "no_consensus"
        self._outcomes.labels(mode, outcome).inc()
        members: list[JsonObject] = body.get("members") or []
        for member in members:
            state = one_of(member.get("state"), get_args(MemberState))
            self._members.labels(self._models(member.get("model")), state).inc()
        answered = [float(member.get("latency_ms") or 0) for member in members if member.get("state") == "answered"]
        if answered:
            self._seconds.labels(mode).observe(max(answered) / 1000)
        if body.get("agreement") is not None:
            self._agreement.observe(float(body["agreement"]))
        self._dissent.inc(len(body.get("dissent") or []))
