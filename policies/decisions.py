"""Asking the engine: a decision becomes refusals; what is no decision is a refusal too."""

from __future__ import annotations

from policies.engine import PolicyEngine, PolicyUndefined, is_object
from tools.contracts.common import JsonObject
from tools.contracts.verdict import GateName, Refusal


async def ask(
    engine: PolicyEngine, package: str, document: JsonObject, *, gate: GateName
) -> tuple[JsonObject, list[Refusal]]:
    """The decision and its refusals; no refusal means allowed. Raises `PolicyUnavailable`."""
    try:
        decision = await engine.decide(package, document)
    except PolicyUndefined as error:
        return {}, [Refusal(gate=gate, rule="policy.undefined", reason=str(error), repairable=False)]
    refusals = [_refusal(item, gate=gate) for item in decision["deny"]]
    if decision["allow"] is not True and not refusals:
        reason = f"{package} did not allow it and gave no reason"
        refusals.append(Refusal(gate=gate, rule="policy.not_allowed", reason=reason, repairable=False))
    return decision, sorted(refusals, key=lambda refusal: (refusal.rule, refusal.reason))


def _refusal(item: object, *, gate: GateName) -> Refusal:
    if not is_object(item):
        return Refusal(gate=gate, rule="policy.unreadable", reason="a refusal could not be read", repairable=False)
    return Refusal(
        gate=gate,
        rule=str(item.get("rule", "policy.unnamed")),
        reason=str(item.get("reason", "no reason was given")),
        repairable=item.get("repairable") is True,
    )
