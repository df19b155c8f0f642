"""Receipts: is every fact that an output states the cited value of a tool result of this task?

Deterministic. A model that is sure of something has to show where it read it, like everybody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from pydantic import BaseModel

from policies.checks.base import Case, refuse
from policies.checks.cited import Place, places
from policies.checks.own_facts import common_facts, own_facts
from policies.checks.text import looks_secret
from policies.gate import JudgeContext
from tools.contracts.outputs.incident import Cause
from tools.contracts.outputs.report import Finding, Handover, Recommendation, Report
from tools.contracts.plan import Receipt
from tools.contracts.verdict import Refusal
from tools.receipts import Results, at_pointer, holds, names_in, unshown
from tools.tokens import plain_number

MUST_CITE = (Finding, Recommendation, Handover)
"""What they say is a finding, a suggestion or a reason to act: without a receipt it is an opinion."""

OURS: Mapping[type[BaseModel], frozenset[str]] = {
    Report: frozenset({"kind", "org", "task_id", "revision", "environment", "conclusion"}),
    Finding: frozenset({"id", "kind", "severity", "agreement", "supporters", "single_source"}),
    Recommendation: frozenset({"task_type"}),
    Handover: frozenset({"task_type", "goal"}),
    Cause: frozenset({"confidence"}),
}
"""Fields that code fills from the task and the votes, not from a tool; a hand-over's goal is judged by itself."""


def plan_receipts(case: Case) -> Iterator[Refusal]:
    """A plan's statements, and the words a person reads first: its summary, its phases' names, its rollback's note."""
    plan, results = case.plan, case.context.results
    yield from _wrong(plan.receipts, results, "summary")
    names = names_in(results)
    for place in places(plan, OURS):
        yield from _place(place, results, names)
    texts = [("summary", plan.summary), ("rollback/note", plan.rollback.note)]
    texts += [(f"phases/{index}/name", phase.name) for index, phase in enumerate(plan.phases)]
    stated = {where: _unshown(text, plan.receipts, names) for where, text in texts}
    if not any(stated.values()):
        return
    known = common_facts(plan)
    if not all(fact in known for facts in stated.values() for fact in facts):
        known |= own_facts(plan)
    for where, facts in stated.items():
        if left := [fact for fact in facts if fact not in known]:
            yield _uncited(where, left, " nor in the plan itself")


def report_receipts(report: Report, context: JudgeContext) -> Iterator[Refusal]:
    """Everything a report states, in words and in tables."""
    results = context.results
    names = names_in(results)
    for place in places(report, OURS):
        yield from _place(place, results, names)
    if report.conclusion != "inconclusive" and not report.summary.receipts:
        yield refuse("receipts_none", "The summary cites nothing: say where the evidence shows it.")
    if report.handover is not None:
        goal, assets = report.handover.goal, {asset.lower() for asset in report.handover.asset_ids}
        if left := [fact for fact in _unshown(goal, report.handover.reason.receipts, names) if fact not in assets]:
            yield _uncited("handover/goal", left, "")
    for index, text in enumerate(report.missing):
        if left := _unshown(text, [], names):
            yield _uncited(f"missing/{index}", left, ": what is missing names no figure and no asset")


def _place(place: Place, results: Results, names: frozenset[str]) -> Iterator[Refusal]:
    """One sentence or one row: its receipts hold, and they show what it states."""
    yield from _wrong(place.receipts, results, place.where)
    if isinstance(place.owner, MUST_CITE) and not place.receipts:
        yield refuse("receipts_none", f"{place.where} cites nothing: say where the evidence shows it, or leave it out.")
    left: dict[str, None] = {}
    for value in place.stated:
        left |= dict.fromkeys(_unshown(_plain(value), place.receipts, names))
    if left:
        yield _uncited(place.where, list(left), "")


def _unshown(text: str, receipts: Sequence[Receipt], names: frozenset[str]) -> list[str]:
    """Nothing of what looks like a secret: another check refuses that, and its words must not be repeated here."""
    return [] if looks_secret(text) else unshown(text, receipts, names=names)


def _plain(value: str | float) -> str:
    """As :mod:`tools.tokens` reads figures: without an exponent."""
    return value if isinstance(value, str) else plain_number(Decimal(str(value)))


def _wrong(receipts: Sequence[Receipt], results: Results, where: str) -> Iterator[Refusal]:
    for receipt in receipts:
        if receipt.tool_call_id not in results:
            yield refuse("receipts_wrong", f"{where} cites {receipt.tool_call_id[:80]!r}, which no tool answered.")
        elif not holds(receipt, results):
            there = at_pointer(results[receipt.tool_call_id], receipt.path)
            found = f"the tool returned {str(there[0])[:60]!r} there" if there else "there is nothing there"
            cited = f"{str(receipt.value)[:60]!r} at {receipt.path[:80]} of {receipt.tool_call_id[:80]}"
            yield refuse("receipts_wrong", f"{where} cites {cited}: {found}.")


def _uncited(where: str, facts: Sequence[str], more: str) -> Refusal:
    shown = ", ".join(fact[:60] for fact in facts[:5]) + (" and others" if len(facts) > 5 else "")
    return refuse("receipts_uncited", f"{where} states {shown}, which none of its receipts shows{more}.")
