"""A short run of `make consensus`, which has all scenarios, Dawid-Skene and narrow intervals."""

from __future__ import annotations

from functools import cache

import pytest

from tests.evals.consensus.__main__ import ECE_BOUND
from tests.evals.consensus.table import markdown
from tests.evals.consensus.trial import Row, as_json, run
from tests.evals.consensus.world import SCENARIOS, draw

SHORT = ("three, alike", "five, much in common", "five, three are one model", "five, one lies")


@cache
def rows(name: str) -> dict[str, Row]:
    [scenario] = [scenario for scenario in SCENARIOS if scenario.name == name]
    return {row.method: row for row in run(scenario, seeds=10, questions=150)}


@pytest.mark.parametrize("name", SHORT)
def test_the_councils_confidence_is_calibrated_on_seeds_it_was_not_fitted_to(name: str) -> None:
    assert rows(name)["council"].ece.value <= ECE_BOUND


@pytest.mark.parametrize("name", SHORT)
def test_the_council_is_not_significantly_worse_than_majority(name: str) -> None:
    assert not rows(name)["council"].loses


@pytest.mark.parametrize("name", SHORT)
def test_what_the_council_answers_is_right_more_often_than_what_it_must_guess(name: str) -> None:
    council = rows(name)["council"]
    assert council.answered_accuracy.low > council.accuracy.value
    assert council.abstention_precision.low > 1 - council.accuracy.value


@pytest.mark.parametrize("name", ["five, three are one model", "five, one lies"])
def test_duplicates_and_a_liar_cost_majority_more_than_the_council(name: str) -> None:
    assert rows(name)["council"].over_majority.low > 0


def test_members_are_right_as_often_as_is_stated_and_wrong_together() -> None:
    [scenario] = [scenario for scenario in SCENARIOS if scenario.name == "five, alike"]
    questions = draw(scenario, seed=1, count=2000)
    for player in scenario.players:
        right = sum(question.answers[player.name] == question.truth for question in questions) / len(questions)
        assert right == pytest.approx(player.accuracy, abs=0.03)
    wrong = [
        (question.answers["m1"], question.answers["m2"])
        for question in questions
        if question.truth not in (question.answers["m1"], question.answers["m2"])
    ]
    assert len(wrong) / len(questions) > 1.2 * 0.24 * 0.25, "more often than by chance"
    assert sum(one == other for one, other in wrong) / len(wrong) == pytest.approx(0.6, abs=0.1)


def test_the_table_says_where_the_council_loses() -> None:
    better = rows("three, alike")["majority"]
    council = rows("five, three are one model")["council"]
    told = markdown([council, *(row for row in rows("five, three are one model").values() if row is not council)])
    assert "The council loses nowhere." in told or "is more accurate" in told
    assert as_json(council)["loses_to_majority"] is False
    assert better.scenario in markdown([better])
