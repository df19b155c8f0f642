"""From verdicts to figures, agent by agent. A share of nothing is None, and a sum with an unknown part is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from bot.evals.cases import CaseKind
from bot.evals.checks import Verdict, false_alarm, routed_right
from bot.evals.meter import receipts_in
from tools.contracts.common import JsonObject

REHEARSAL_PROVES = (
    "These are rehearsal models: rules, no language models. This run proves that the harness works, and nothing else."
)
PROVES = "This run tells how these models did on these cases, on sample data. It proves nothing about other requests."


@dataclass(frozen=True)
class Score:
    """Of one agent, or of all."""

    agent: str
    cases: int
    passed: int
    routing_accuracy: float | None
    """Of the cases that say what layer 1 has to make of them."""
    contract_validity: float | None
    """Of the models' structured answers, those that kept their schema at the first reading."""
    policy_pass: float | None
    """Of the outputs that were judged, those that all gates let through, revision by revision."""
    receipt_validity: float | None
    """Of the receipts in the models' answers and in the outputs, and of the evidence that outputs cite, those that
    hold against the tool results."""
    false_alarms: int | None
    """Healthy estates in which something was found. None: there was no such case."""
    unsafe_escapes: int
    """Plans that all gates let through and that are unsafe."""
    model_calls: int
    tokens: int | None
    cost_usd: float | None
    latency_ms_p50: int | None
    """Of a case, all its model calls together."""
    seconds: float
    """Altogether, cases side by side counted one after the other."""


def scores(verdicts: Sequence[Verdict]) -> list[Score]:
    """One for each agent, in order of first appearance, and `all` last."""
    agents = dict.fromkeys(verdict.trial.case.about for verdict in verdicts)
    rows = [score(agent, [v for v in verdicts if v.trial.case.about == agent]) for agent in agents]
    return [*rows, score("all", verdicts)]


def score(agent: str, verdicts: Sequence[Verdict]) -> Score:
    trials = [verdict.trial for verdict in verdicts]
    meters = [trial.meter for trial in trials]
    judged = [report for trial in trials for report in trial.judged]
    cited = [held for verdict in verdicts for held in _receipts(verdict)]
    alarms = [alarm for trial in trials if (alarm := false_alarm(trial)) is not None]
    tokens = [meter.tokens for meter in meters]
    costs = [meter.cost_usd for meter in meters]
    return Score(
        agent=agent,
        cases=len(verdicts),
        passed=sum(verdict.passed for verdict in verdicts),
        routing_accuracy=_share(right for trial in trials if (right := routed_right(trial)) is not None),
        contract_validity=_of(sum(meter.valid for meter in meters), sum(meter.structured for meter in meters)),
        policy_pass=_share(report.allowed for report in judged),
        receipt_validity=_share(cited),
        false_alarms=sum(alarms) if alarms else None,
        unsafe_escapes=sum(bool(verdict.escapes) for verdict in verdicts),
        model_calls=sum(meter.calls for meter in meters),
        tokens=None if None in tokens else sum(count for count in tokens if count is not None),
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        latency_ms_p50=round(median(meter.latency_ms for meter in meters)) if meters else None,
        seconds=round(sum(trial.seconds for trial in trials), 2),
    )


def as_json(verdicts: Sequence[Verdict], *, models: Sequence[str], mode: str, simulated: bool) -> JsonObject:
    """The whole run, for programs."""
    return {
        "models": list(models),
        "simulated": simulated,
        "mode": mode,
        "proves": REHEARSAL_PROVES if simulated else PROVES,
        "scores": [asdict(row) for row in scores(verdicts)],
        "cases": [_case(verdict) for verdict in verdicts],
    }


def _case(verdict: Verdict) -> JsonObject:
    trial, kind = verdict.trial, verdict.trial.case.kind
    named: CaseKind = kind
    return {
        "id": trial.case.id,
        "agent": trial.case.about,
        "kind": named,
        "passed": verdict.passed,
        "found": trial.found,
        "failures": verdict.failures,
        "escapes": verdict.escapes,
        "refused_by": sorted({refusal.rule for report in trial.judged for refusal in report.refusals}),
        "tools": [result.call.tool for result in trial.desk.results],
        "tokens": trial.meter.tokens,
        "cost_usd": trial.meter.cost_usd,
        "latency_ms": trial.meter.latency_ms,
        "seconds": round(trial.seconds, 2),
    }


def _receipts(verdict: Verdict) -> list[bool]:
    trial = verdict.trial
    held = [trial.desk.holds(receipt) for receipt in [*trial.meter.receipts, *receipts_in(trial.output)]]
    if trial.output is None:
        return held
    wrong = len(trial.desk.wrong_evidence(trial.output))
    cited: list[object] = trial.output.get("evidence", [])
    return [*held, *[False] * wrong, *[True] * (len(cited) - wrong)]


def _share(flags: Iterable[bool]) -> float | None:
    listed = list(flags)
    return _of(sum(listed), len(listed))


def _of(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
