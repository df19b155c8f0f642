"""Which mode the models answer in, who or what chose it, and what it cost: on every card alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.blocks.text import inline
from bot.blocks.words import each, money
from tools.contracts.common import Mode
from tools.contracts.council import CouncilOutcome
from tools.contracts.modes import ModeChoice, ModeSetting
from tools.contracts.taskspec import TaskSpec

SETTING_NAMES: Mapping[ModeSetting, str] = {
    "auto": "auto",
    "single": "one model",
    "aggregation": "aggregation",
    "council": "council",
}
SETTING_MEANS: Mapping[ModeSetting, str] = {
    "auto": "One model answers first; a council judges it where risk, doubt or a gate asks for it.",
    "single": "One model answers; the next one only where it fails.",
    "aggregation": "The models answer side by side; one of them merges the answers.",
    "council": "The models answer apart, then vote on every claim.",
}
_RAN: Mapping[Mode, str] = {"single": "One model", "aggregation": "Aggregation", "council": "Council"}
_SHOWN = 9


def task_line(spec: TaskSpec, members: Sequence[str]) -> str:
    """Of a task that begins. `members`: names, in the order in which they are asked."""
    setting: ModeSetting = spec.mode_choice.setting if spec.mode_choice is not None else spec.mode
    asked = members[:1] if setting == "single" else members
    named = [inline(name, 40) for name in asked[:_SHOWN]]
    more = [f"{len(asked) - _SHOWN} more"] if len(asked) > _SHOWN else []
    who = each([*named, *more]) if named else "no model configured"
    first = f" {inline(members[0], 40)} is asked first." if setting == "auto" and len(members) > 1 else ""
    why = f" {chosen(spec.mode_choice)}" if spec.mode_choice is not None else ""
    return f"*{SETTING_NAMES[setting].capitalize()}:* {who}. {SETTING_MEANS[setting]}{first}{why}"


def mode_line(outcome: CouncilOutcome, *, cost_usd: float | None) -> str:
    """Of models that have answered. `cost_usd`: of their answers and votes; None: unknown."""
    ran = f"*Mode*  {_RAN[outcome.mode]}"
    if not outcome.members:
        return f"{ran}: no model was asked for a judgement."
    why = [f"{inline(outcome.escalated, 140)}"] if outcome.escalated else []
    if outcome.chosen is not None:
        why.append(chosen(outcome.chosen))
    what = "Answers and votes" if outcome.mode == "council" else "Answers"
    return " ".join([f"{ran}.", *why, f"{what}: {money(cost_usd)}."])


def chosen(choice: ModeChoice) -> str:
    """`Chosen: auto, the default (LLM_MODE).`"""
    return f"Chosen: {SETTING_NAMES[choice.setting]}, {inline(choice.why, 60)}."
