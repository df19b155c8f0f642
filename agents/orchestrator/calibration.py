"""From a council's margin to a probability, learned from outcomes that people confirmed; and how good that is.

Until there are labels there is no such probability: the word is *agreement*. While they are few a logistic curve is
fitted (Platt 1999, with his targets that keep it off 0 and 1); when they are many, a rising step function (isotonic
regression by pool-adjacent-violators, Zadrozny and Elkan 2002).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from tools.contracts.council import CalibrationReport

FEWEST = 30
"""Labels, with at least :data:`FEWEST_OF_EACH` right and as many wrong; under that nothing is fitted."""
FEWEST_OF_EACH = 5
MANY = 200
"""From here on isotonic."""
BINS = 10
"""Of the expected calibration error: as many outcomes in each."""
FOLDS = 5

Curve = Callable[[float], float]


@dataclass(frozen=True)
class Labelled:
    """One outcome that was confirmed."""

    score: float
    """The council's margin then."""
    right: bool


@dataclass(frozen=True)
class Calibrator:
    method: Literal["platt", "isotonic"]
    curve: Curve
    report: CalibrationReport
    """Of predictions for outcomes that the curve was not fitted on."""


def calibrate(labels: Sequence[Labelled]) -> Calibrator | None:
    """None: too few labels. The report comes from folds, each predicted by a curve fitted on the others."""
    if not _enough(labels):
        return None
    method: Literal["platt", "isotonic"] = "platt" if len(labels) < MANY else "isotonic"
    fit = platt if method == "platt" else isotonic
    predicted: list[float] = []
    truth: list[bool] = []
    for fold in range(FOLDS):
        held_out = labels[fold::FOLDS]
        rest = [label for number, label in enumerate(labels) if number % FOLDS != fold]
        curve = fit(rest)
        predicted += [curve(label.score) for label in held_out]
        truth += [label.right for label in held_out]
    report = CalibrationReport(
        method=method,
        labels=len(labels),
        brier=brier(predicted, truth),
        ece=expected_calibration_error(predicted, truth),
        auroc=auroc(predicted, truth),
    )
    return Calibrator(method, fit(labels), report)


def _enough(labels: Sequence[Labelled]) -> bool:
    right = sum(label.right for label in labels)
    return len(labels) >= FEWEST and min(right, len(labels) - right) >= FEWEST_OF_EACH


def platt(labels: Sequence[Labelled]) -> Curve:
    """The most likely logistic curve, by Newton's method with step halving (Lin, Lin and Weng 2007)."""
    right = sum(label.right for label in labels)
    wrong = len(labels) - right
    high, low = (right + 1) / (right + 2), 1 / (wrong + 2)
    points = [(label.score, high if label.right else low) for label in labels]
    slope, offset = 0.0, math.log((right + 1) / (wrong + 1))
    loss = _loss(points, slope, offset)
    for _ in range(100):
        gradient, curvature = _derivatives(points, slope, offset)
        if max(abs(gradient[0]), abs(gradient[1])) < 1e-6:
            break
        determinant = curvature[0] * curvature[2] - curvature[1] ** 2
        step_slope = (curvature[2] * gradient[0] - curvature[1] * gradient[1]) / determinant
        step_offset = (curvature[0] * gradient[1] - curvature[1] * gradient[0]) / determinant
        size = 1.0
        while size > 1e-10:
            tried = _loss(points, slope - size * step_slope, offset - size * step_offset)
            if tried < loss:
                break
            size /= 2
        else:
            break
        slope, offset, loss = slope - size * step_slope, offset - size * step_offset, tried
    return lambda score: _logistic(slope * score + offset)


def _loss(points: Sequence[tuple[float, float]], slope: float, offset: float) -> float:
    total = 0.0
    for score, target in points:
        logit = slope * score + offset
        total += max(logit, 0.0) - target * logit + math.log1p(math.exp(-abs(logit)))
    return total


def _derivatives(
    points: Sequence[tuple[float, float]], slope: float, offset: float
) -> tuple[tuple[float, float], tuple[float, float, float]]:
    """Gradient by slope and offset; second derivatives by slope twice, both, offset twice, kept off singular."""
    by_slope = by_offset = 0.0
    twice, both, flat = 1e-9, 0.0, 1e-9
    for score, target in points:
        chance = _logistic(slope * score + offset)
        error, spread = chance - target, chance * (1 - chance)
        by_slope += error * score
        by_offset += error
        twice += spread * score * score
        both += spread * score
        flat += spread
    return (by_slope, by_offset), (twice, both, flat)


def _logistic(logit: float) -> float:
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))


def isotonic(labels: Sequence[Labelled]) -> Curve:
    """The rising steps nearest to the labels in squares. Equal scores are one point; between points it is linear."""
    by_score: dict[float, tuple[int, int]] = {}
    for label in labels:
        right, count = by_score.get(label.score, (0, 0))
        by_score[label.score] = (right + label.right, count + 1)
    blocks: list[tuple[float, float, int, int]] = []
    """First and last score, right ones, all."""
    for score in sorted(by_score):
        block = (score, score, *by_score[score])
        while blocks and blocks[-1][2] * block[3] >= block[2] * blocks[-1][3]:
            first, _, right, count = blocks.pop()
            block = (first, block[1], right + block[2], count + block[3])
        blocks.append(block)
    scores = [end for block in blocks for end in block[:2]]
    # Never certain: no label is worth more than one more of the other kind would take back.
    least = 1 / (len(labels) + 2)
    heights = [min(1 - least, max(least, right / count)) for _, _, right, count in blocks for _ in range(2)]

    def curve(score: float) -> float:
        at = bisect_left(scores, score)
        if at == 0 or at == len(scores):
            return heights[min(at, len(scores) - 1)]
        low, high = scores[at - 1], scores[at]
        return heights[at - 1] + (heights[at] - heights[at - 1]) * (score - low) / (high - low)

    return curve


def brier(predicted: Sequence[float], truth: Sequence[bool]) -> float:
    """Mean squared error of the probabilities."""
    return sum((chance - right) ** 2 for chance, right in zip(predicted, truth, strict=True)) / len(truth)


def expected_calibration_error(predicted: Sequence[float], truth: Sequence[bool]) -> float:
    """Mean gap between what was predicted and what came, over :data:`BINS` bins of equal size.

    Equal predictions are never parted: a bin's border within them would depend on their order.
    """
    pairs = sorted(zip(predicted, truth, strict=True), key=lambda pair: pair[0])
    gap, start = 0.0, 0
    for number in range(1, BINS + 1):
        end = max(start, round(number * len(pairs) / BINS))
        while 0 < end < len(pairs) and pairs[end][0] == pairs[end - 1][0]:
            end += 1
        if end > start:
            part = pairs[start:end]
            gap += abs(sum(chance for chance, _ in part) - sum(right for _, right in part))
        start = end
    return gap / len(pairs)


def auroc(predicted: Sequence[float], truth: Sequence[bool]) -> float | None:
    """The chance that a right outcome was given a higher probability than a wrong one; None: there is only one kind."""
    pairs = sorted(zip(predicted, truth, strict=True), key=lambda pair: pair[0])
    right = sum(truth)
    wrong = len(pairs) - right
    if not right or not wrong:
        return None
    ranks, start = 0.0, 0
    while start < len(pairs):
        end = start
        while end < len(pairs) and pairs[end][0] == pairs[start][0]:
            end += 1
        ranks += sum(is_right for _, is_right in pairs[start:end]) * (start + 1 + end) / 2
        start = end
    return (ranks - right * (right + 1) / 2) / (right * wrong)
