"""The verdicts of the gates that ask no policy, judged again: schema and safety, as far as the record suffices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from policies.gate import Catalog
from policies.safety import weighed
from policies.schema import CONTRACTS, SchemaGate
from policies.seen import Seen
from tools.contracts.common import JsonObject, digest_of
from tools.contracts.verdict import GateName, GateReport, GateResult, Refusal

How = Literal["judged again", "kept", "not come to"]
"""`kept`: the verdict of then stands, because what is on record is not all that it rests on."""


@dataclass(frozen=True)
class Rejudged:
    """One gate of a stored verdict."""

    gate: GateName
    how: How
    why: str = ""
    """Of `kept`, a sentence."""
    before: Sequence[str] = ()
    """Rules by which it refused then. Empty where nothing was judged again."""
    now: Sequence[Refusal] = ()


NO_PLAN = "The plan is not on record."
REDACTED = "The plan on record is not the one that was judged: something was redacted."
NOT_SEEN = "What the checks saw, or what the tools returned, is not on record."
OFF = "The gate was switched off."


def schema_again(report: GateReport, plan: JsonObject | None, *, contract: str) -> Rejudged:
    """By the contracts as they are. `contract`: the name of the one it had to satisfy; empty: not on record."""
    result = _result(report, "schema")
    if result is None:
        return Rejudged("schema", "not come to")
    if why := _not_again(report, result, plan):
        return _kept("schema", why)
    if plan is None or contract not in CONTRACTS:
        return _kept("schema", "Which contract it had to satisfy is not on record.")
    finding = _schema_gate().of_contract(plan, contract)
    return _again("schema", result, finding.refusals)


def safety_again(report: GateReport, plan: JsonObject | None, seen: Seen | None, *, catalog: Catalog) -> Rejudged:
    """By the checks as they are, on what was seen then: of the task, of its tools' results, of the estate."""
    result = _result(report, "safety")
    if result is None:
        return Rejudged("safety", "not come to")
    if why := _not_again(report, result, plan):
        return _kept("safety", why)
    if seen is None or plan is None:
        return _kept("safety", NOT_SEEN)
    contract = CONTRACTS.get(seen.context.contract)
    if contract is None:
        return _kept("safety", "Which contract it had to satisfy is not on record.")
    refusals = weighed(contract.model_validate(plan), seen.context, seen.observed, catalog=catalog)
    return _again("safety", result, refusals)


@cache
def _schema_gate() -> SchemaGate:
    """It emits and checks every contract's schema: once, and not for each verdict of a long ledger."""
    return SchemaGate()


def _result(report: GateReport, gate: GateName) -> GateResult | None:
    return next((result for result in report.results if result.gate == gate), None)


def _not_again(report: GateReport, result: GateResult, plan: JsonObject | None) -> str:
    if result.off:
        return OFF
    if plan is None:
        return NO_PLAN
    return "" if digest_of(plan) == report.plan_digest else REDACTED


def _kept(gate: GateName, why: str) -> Rejudged:
    return Rejudged(gate, "kept", why)


def _again(gate: GateName, result: GateResult, now: Sequence[Refusal]) -> Rejudged:
    return Rejudged(gate, "judged again", before=[refusal.rule for refusal in result.refusals], now=now)
