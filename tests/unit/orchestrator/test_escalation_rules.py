"""What asks for a council: each rule alone, and what is told of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.orchestrator.escalation import Answered, EscalationRules, confidence_of
from tests.unit.orchestrator.parts import report

STANDS = Answered(environment="staging", risk="medium", changes=20, confidence=0.9)


def test_a_sure_answer_of_a_small_change_outside_production_stands() -> None:
    assert EscalationRules().reason(STANDS) is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"environment": "production", "risk": "high"},
            "One model proposed this; production risk is high, so the council judges it.",
        ),
        ({"changes": 21}, "One model proposed to change 21 things, more than 20, so the council judges it."),
        ({"risk": "critical"}, "One model answered, and the risk of the task is critical, so the council judges it."),
        (
            {"unproven": 2},
            "One model answered, and 2 of its claims cite what is not in the evidence, so the council judges it.",
        ),
        (
            {"confidence": 0.55},
            "One model answered, and is only 55% sure of what it states, so the council judges it.",
        ),
        ({"inconclusive": True}, "One model answered, and came to no conclusion, so the council judges it."),
    ],
)
def test_each_of_these_asks_for_a_council_and_says_so(changed: dict[str, object], said: str) -> None:
    assert EscalationRules().reason(replace(STANDS, **changed)) == said


@pytest.mark.parametrize("changes", [None, 0])
def test_a_look_around_in_production_is_no_risk(changes: int | None) -> None:
    assert EscalationRules().reason(replace(STANDS, environment="production", risk="high", changes=changes)) is None


def test_the_rules_are_the_houses_to_set() -> None:
    production = replace(STANDS, environment="production", risk="high")
    assert EscalationRules(environments=frozenset()).reason(production) is None
    assert EscalationRules(max_assets=19).reason(STANDS) is not None
    assert EscalationRules(risk="medium").reason(STANDS) is not None
    assert EscalationRules(min_confidence=0.95).reason(STANDS) is not None


def test_confidence_is_the_mean_of_what_is_stated_and_nothing_of_nothing() -> None:
    assert confidence_of([report("1", "2")]) == pytest.approx(0.9)
    assert confidence_of([report()]) is None
