"""Stored decisions, asked again: what the policies of today say of what they were asked then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from policies.approval import PACKAGE as APPROVAL
from policies.autonomy import PACKAGE as AUTONOMY
from policies.decisions import ask
from policies.engine import PolicyEngine, is_object
from policies.older import completed
from policies.rejudging import OFF, Rejudged
from tools.contracts.common import JsonObject
from tools.contracts.verdict import GateName, GateReport, Refusal

Change = Literal["newly fails", "newly passes", "differs", "same"]
"""`newly passes`: the policies that refused it would not. Gates after them never judged it. `differs`: it passes as it
did, and who must approve, or what runs alone, is otherwise."""

GATE_OF: Mapping[str, GateName] = {APPROVAL: "approval", AUTONOMY: "approval"}
"""Package → the gate that asks it; any other is the policy gate's."""

ASKING: tuple[GateName, ...] = ("policy", "approval")


@dataclass(frozen=True)
class Replayed:
    """One stored plan under other policies."""

    change: Change
    before: list[str]
    """Rules by which what was judged again refused it then."""
    now: list[Refusal]
    differences: list[str]
    """What else is otherwise, in sentences."""
    gates: list[Rejudged]
    """Which gates were judged again, and which verdict was kept."""
    assumed: list[str]
    """What the record lacks because it came later, and what it was taken as."""


async def replay(
    engine: PolicyEngine, documents: Mapping[str, JsonObject], report: GateReport, *, others: Sequence[Rejudged] = ()
) -> Replayed:
    """Ask exactly what was asked, save :attr:`Replayed.assumed`. `others`: the gates that ask no policy.

    Raises `PolicyUnavailable`.
    """
    now: list[Refusal] = [refusal for gate in others for refusal in gate.now]
    differences: list[str] = []
    assumed: list[str] = []
    for name, recorded in documents.items():
        package = name.partition("#")[0]
        document, lacking = completed(package, recorded)
        assumed += lacking
        decision, refusals = await ask(engine, package, document, gate=GATE_OF.get(package, "policy"))
        now += refusals
        if not refusals:
            differences += _differences(package, decision, report)
    asked = _asked(documents, report)
    before = sorted(rule for gate in (*others, *asked) for rule in gate.before)
    if before and not now:
        change: Change = "newly passes"
    elif now and not before:
        change = "newly fails"
    elif sorted(refusal.rule for refusal in now) != before or differences:
        change = "differs"
    else:
        change = "same"
    return Replayed(change, before, now, differences, [*others, *asked], assumed)


def _asked(documents: Mapping[str, JsonObject], report: GateReport) -> list[Rejudged]:
    """The gates that ask the policies. Their refusals of now are counted where they are asked."""
    gates: list[Rejudged] = []
    for name in ASKING:
        result = next((result for result in report.results if result.gate == name), None)
        before = [refusal.rule for refusal in result.refusals] if result is not None else []
        if result is None:
            gates.append(Rejudged(name, "not come to"))
        elif result.off:
            gates.append(Rejudged(name, "kept", OFF))
        elif any(GATE_OF.get(package.partition("#")[0], "policy") == name for package in documents):
            gates.append(Rejudged(name, "judged again", before=before))
        elif not before:
            gates.append(Rejudged(name, "kept", "It asked the policies nothing."))
        else:
            gates.append(Rejudged(name, "kept", "What it asked is not on record."))
    return gates


def _differences(package: str, decision: JsonObject, report: GateReport) -> list[str]:
    if package == APPROVAL and report.requirement is not None:
        was, is_now = report.requirement.model_dump(mode="json"), decision.get("requirement")
    elif package == AUTONOMY and report.autonomy is not None:
        was = report.autonomy.model_dump(mode="json")
        is_now = {name: decision.get(name) for name in was}
    else:
        return []
    if not is_object(is_now):
        return [f"{package} answers otherwise"]
    return [f"{name}: {was[name]} → {is_now.get(name)}" for name in sorted(was) if was[name] != is_now.get(name)]
