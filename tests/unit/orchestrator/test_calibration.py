"""The curves, and the figures that say how good they are, against those of scikit-learn 1.9.1."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.orchestrator.calibration import (
    Labelled,
    auroc,
    brier,
    calibrate,
    expected_calibration_error,
    isotonic,
    platt,
)

labelled = st.lists(
    st.builds(Labelled, st.floats(-1, 1).map(lambda score: round(score, 2)), st.booleans()), min_size=1, max_size=60
)


SCORES = (-0.8, -0.6, -0.5, -0.5, -0.2, 0.0, 0.1, 0.1, 0.3, 0.3, 0.3, 0.5, 0.6, 0.6, 0.8, 0.9, 1.0, 1.0)
RIGHT = (0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 0)
EIGHTEEN = [Labelled(score, right=bool(right)) for score, right in zip(SCORES, RIGHT, strict=True)]


def test_platt_is_the_one_of_scikit_learn() -> None:
    """`sklearn.calibration._SigmoidCalibration().fit(SCORES, RIGHT)`."""
    expected = {-1: 0.17430416, 0: 0.42976951, 0.5: 0.58747209, 1: 0.72905659}
    curve = platt(EIGHTEEN)
    assert {score: curve(score) for score in expected} == pytest.approx(expected, abs=1e-6)


def test_isotonic_is_the_one_of_scikit_learn_but_for_certainty() -> None:
    """`IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(SCORES, RIGHT)`, which gives 0 at -1."""
    expected = {-1: 1 / 20, -0.5: 1 / 3, 0: 1 / 3, 0.1: 1 / 3, 0.3: 2 / 3, 0.5: 2 / 3, 0.7: 0.70833333, 1: 0.75}
    curve = isotonic(EIGHTEEN)
    assert {score: curve(score) for score in expected} == pytest.approx(expected)


def test_the_figures_are_those_of_scikit_learn() -> None:
    truth = [label.right for label in EIGHTEEN]
    assert auroc(SCORES, truth) == pytest.approx(0.7222222222222222)
    assert brier([platt(EIGHTEEN)(score) for score in SCORES], truth) == pytest.approx(0.2119667427911393)


def drawn(count: int, seed: int) -> list[Labelled]:
    """Right with a chance that rises with the score."""
    rng = random.Random(seed)
    scores = [rng.choice([-0.5, 0.0, 0.25, 0.5, 0.75, 1.0]) for _ in range(count)]
    return [Labelled(score, rng.random() < 0.5 + 0.4 * score) for score in scores]


@given(labelled, st.sampled_from([platt, isotonic]))
def test_a_curve_is_a_probability_and_never_certain(labels: list[Labelled], fit: type) -> None:
    curve = fit(labels)
    assert all(0 < curve(score) < 1 for score in (-1, -0.3, 0, 0.5, 1))


@given(labelled)
def test_isotonic_never_falls_and_is_right_on_average(labels: list[Labelled]) -> None:
    curve = isotonic(labels)
    values = [curve(number / 50 - 1) for number in range(101)]
    assert values == pytest.approx(sorted(values))
    mean = sum(curve(label.score) for label in labels) / len(labels)
    share = sum(label.right for label in labels) / len(labels)
    assert mean == pytest.approx(share, abs=1 / (len(labels) + 2) + 1e-9)


@given(labelled.filter(lambda labels: len({label.right for label in labels}) == 2))
def test_platt_rises_with_the_score_or_falls_as_the_labels_do(labels: list[Labelled]) -> None:
    curve = platt(labels)
    values = [curve(number / 10 - 1) for number in range(21)]
    assert values in (sorted(values), sorted(values, reverse=True))


@pytest.mark.parametrize(("count", "method"), [(150, "platt"), (900, "isotonic")])
def test_confidences_are_as_often_right_as_they_say(count: int, method: str) -> None:
    calibrator = calibrate(drawn(count, seed=1))
    assert calibrator is not None
    assert calibrator.method == method
    assert calibrator.report.labels == count
    for score in (-0.5, 0.0, 0.5, 1.0):
        assert calibrator.curve(score) == pytest.approx(0.5 + 0.4 * score, abs=0.1)
    assert calibrator.report.ece < 0.12


@pytest.mark.parametrize(
    "labels",
    [drawn(29, seed=1), [Labelled(0.5, right=True)] * 200, [Labelled(0.5, right=number < 4) for number in range(100)]],
    ids=["few", "all right", "hardly any right"],
)
def test_too_few_labels_of_either_kind_give_no_confidence(labels: list[Labelled]) -> None:
    assert calibrate(labels) is None


def test_the_figures() -> None:
    predicted, truth = [0.1, 0.4, 0.35, 0.8], [False, False, True, True]
    assert brier(predicted, truth) == pytest.approx(0.158125)
    assert auroc(predicted, truth) == pytest.approx(0.75)
    assert auroc([0.5, 0.5, 0.5], [True, False, True]) == pytest.approx(0.5)
    assert auroc([0.2, 0.9], [True, True]) is None
    assert expected_calibration_error([0.8] * 10, [True] * 8 + [False] * 2) == pytest.approx(0)
    assert expected_calibration_error([0.8] * 10, [True] * 5 + [False] * 5) == pytest.approx(0.3)


@given(labelled.filter(lambda labels: len({label.right for label in labels}) == 2), st.randoms())
def test_no_figure_depends_on_the_order(labels: list[Labelled], rng: random.Random) -> None:
    shuffled = list(labels)
    rng.shuffle(shuffled)
    for figure in (brier, expected_calibration_error, auroc):
        one, other = (
            figure([(label.score + 1) / 2 for label in order], [label.right for label in order])
            for order in (labels, shuffled)
        )
        assert one == pytest.approx(other)
