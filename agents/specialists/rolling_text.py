"""Phases of a rollout in words, and what makes two of them the same phase."""

from __future__ import annotations

from agents.orchestrator.consensus import PhaseItem
from tools.contracts.common import canonical_json
from tools.contracts.members.rollout import RolloutChoices
from tools.contracts.plan import Action, HealthCheck, Phase
from tools.drift.models import GeneratePatchPlanOutput

SHOWN_ASSETS = 40
"""Asset ids a voting member reads in one phase. Code has checked all of them by then."""


def phase_key(phase: Phase, plan: GeneratePatchPlanOutput) -> str:
    """Equal for equal phases: everything but the name."""
    return canonical_json(
        {
            "type": phase.type,
            "assets": sorted(phase.asset_ids),
            "image": plan.target_image.id,
            "wait": phase.wait_seconds,
            "checks": [check.model_dump(mode="json") for check in phase.health_checks],
        }
    ).decode()


def rollout_items(plan: GeneratePatchPlanOutput) -> list[PhaseItem]:
    """What a council votes on: each phase, and each action in it."""
    items: list[PhaseItem] = []
    for phase in plan.phases:
        key = phase_key(phase, plan)
        items.append(PhaseItem(key=key, text=phase_text(phase, plan)))
        items += [action_item(action, phase, of=key) for action in phase.actions]
    return items


def action_item(action: Action, phase: Phase, *, of: str) -> PhaseItem:
    """Equal for equal calls in equal kinds of phases. The text names the tool, and what it is called for. `of`: the
    phase's key."""
    params = {name: value for name, value in action.params.items() if name not in ("asset_ids", "rollback")}
    key = {"phase": phase.type, "tool": action.tool, "params": params, "on": sorted(action.asset_ids)}
    named = action.resource_ids or action.asset_ids
    more = len(named) - SHOWN_ASSETS
    listed = f"[{', '.join(named[:SHOWN_ASSETS])}]" + (f" and {more} more" if more > 0 else "")
    stated = ", ".join(f"{name} {value}" for name, value in params.items() if isinstance(value, str | int | float))
    text = f"Action of the {phase.type} phase: {action.tool} on {listed}" + (f" with {stated}." if stated else ".")
    return PhaseItem(
        key=canonical_json({"action": key, "resources": action.resource_ids}).decode(), text=text, kind="action", of=of
    )


def phase_text(phase: Phase, plan: GeneratePatchPlanOutput) -> str:
    """One sentence for voting members and for the thread."""
    if phase.type == "wait":
        return f"Wait {phase.wait_seconds} s before going on."
    more = len(phase.asset_ids) - SHOWN_ASSETS
    listed = f"[{', '.join(phase.asset_ids[:SHOWN_ASSETS])}]" + (f" and {more} more" if more > 0 else "")
    count = f"{len(phase.asset_ids)} asset{'' if len(phase.asset_ids) == 1 else 's'}"
    checks = ", ".join(_check_text(check) for check in phase.health_checks) or "no check"
    if phase.type == "verify":
        return f"Verify {count} {listed}: {checks}."
    image = f"{plan.target_image.family} {plan.target_image.version}"
    return f"{phase.type.capitalize()}: {count} ({phase.batch_percent:g} %) {listed} to {image}, then check {checks}."


def rollout_sentence(choices: RolloutChoices, plan: GeneratePatchPlanOutput) -> str:
    """What a plan does, in one sentence for the person who approves it."""
    versions = sorted({row.current_version for row in plan.version_comparison})
    came_from = ", ".join(versions[:3]) + (" and others" if len(versions) > 3 else "")
    return (
        f"Bring {len(plan.expectations)} drifted {plan.environment} assets from {came_from} to"
        f" {plan.target_image.family} {plan.target_image.version}: {pace(choices, plan)}."
    )[:600]


def pace(choices: RolloutChoices, plan: GeneratePatchPlanOutput) -> str:
    """How fast it goes, read from the phases as they are: a summary is checked against its plan."""
    largest = max((phase.batch_percent for phase in plan.phases if phase.type == "wave"), default=0)
    waves = f", then at most {largest:g} % at a time" if largest else ""
    first = min(choices.canary_size, len(plan.expectations))
    return f"{first} first, a pause of {choices.wait_seconds} s{waves}"


def _check_text(check: HealthCheck) -> str:
    return check.kind if check.threshold is None else f"{check.kind} {check.threshold:g} %"
