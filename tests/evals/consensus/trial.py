"""Every method on the same questions, and figures with 95 % intervals over the seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from agents.orchestrator.calibration import auroc, brier, expected_calibration_error
from tests.evals.consensus.methods import Council, Majority, Method, curve_of, methods
from tests.evals.consensus.world import Question, Scenario, draw

LABELLED_SEEDS = range(1000, 1003)
"""Apart from the ones that are asked."""


@dataclass(frozen=True)
class Figure:
    """A value and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Row:
    scenario: str
    method: str
    accuracy: Figure
    """If it must always answer."""
    brier: Figure
    ece: Figure
    auroc: Figure
    coverage: float
    """How often it answers. The council by its threshold; the others are made to abstain as often, where least sure."""
    answered_accuracy: Figure
    abstention_precision: Figure
    """Of what it did not answer, the part that it would have got wrong."""
    calls_per_correct: Figure
    """Calls to models for each right answer given."""
    over_majority: Figure
    """Accuracy less that of majority, seed by seed."""

    @property
    def loses(self) -> bool:
        """To majority, surely."""
        return self.over_majority.high < 0


@dataclass(frozen=True)
class _Outcome:
    confidence: float
    right: bool
    answered: bool


@dataclass(frozen=True)
class _Tried:
    method: Method
    seeds: Sequence[Sequence[_Outcome]]


def run(scenario: Scenario, *, seeds: int, questions: int) -> list[Row]:
    labelled = [question for seed in LABELLED_SEEDS for question in draw(scenario, seed=seed, count=questions)]
    asked = [draw(scenario, seed=seed, count=questions) for seed in range(seeds)]
    tried = [_try(method, scenario, labelled, asked) for method in methods().values()]
    council = next(one for one in tried if one.method.name == Council().name)
    answered = sum(outcome.answered for seed in council.seeds for outcome in seed)
    tried = [one if one is council else _abstaining(one, answered) for one in tried]
    majority = next(one for one in tried if one.method.name == Majority().name)
    return [_row(one, scenario, majority) for one in tried]


def _try(
    method: Method, scenario: Scenario, labelled: Sequence[Question], asked: Sequence[Sequence[Question]]
) -> _Tried:
    flat = [question for seed in asked for question in seed]
    guesses = method.guesses(scenario, labelled, flat)
    curve = curve_of(guesses[: len(labelled)], labelled)
    outcomes = [
        _Outcome(curve(guess.score), guess.answer == question.truth, guess.stands is not False)
        for guess, question in zip(guesses[len(labelled) :], flat, strict=True)
    ]
    starts = [sum(len(seed) for seed in asked[:number]) for number in range(len(asked))]
    return _Tried(method, [outcomes[start : start + len(seed)] for start, seed in zip(starts, asked, strict=True)])


def _abstaining(tried: _Tried, answered: int) -> _Tried:
    """As often as the council does. Among equally sure ones the earlier question is answered."""
    places = [
        (-outcome.confidence, number, at) for number, seed in enumerate(tried.seeds) for at, outcome in enumerate(seed)
    ]
    chosen = {(number, at) for _, number, at in sorted(places)[:answered]}
    return _Tried(
        tried.method,
        [
            [_Outcome(one.confidence, one.right, (number, at) in chosen) for at, one in enumerate(seed)]
            for number, seed in enumerate(tried.seeds)
        ],
    )


def _row(tried: _Tried, scenario: Scenario, majority: _Tried) -> Row:
    calls = tried.method.calls(scenario)
    everything = [outcome for seed in tried.seeds for outcome in seed]
    differences = [
        _share(ours, lambda one: one.right) - _share(theirs, lambda one: one.right)
        for ours, theirs in zip(tried.seeds, majority.seeds, strict=True)
    ]
    return Row(
        scenario=scenario.name,
        method=tried.method.name,
        accuracy=_jackknife(tried.seeds, lambda all_: _share(all_, lambda one: one.right)),
        brier=_jackknife(tried.seeds, lambda all_: brier(*_predicted(all_))),
        ece=_jackknife(tried.seeds, lambda all_: expected_calibration_error(*_predicted(all_))),
        auroc=_jackknife(tried.seeds, lambda all_: auroc(*_predicted(all_)) or math.nan),
        coverage=_share(everything, lambda one: one.answered),
        answered_accuracy=_jackknife(
            tried.seeds, lambda all_: _share([one for one in all_ if one.answered], lambda one: one.right)
        ),
        abstention_precision=_jackknife(
            tried.seeds, lambda all_: _share([one for one in all_ if not one.answered], lambda one: not one.right)
        ),
        calls_per_correct=_jackknife(
            tried.seeds,
            lambda all_: calls * len(all_) / max(1, sum(one.answered and one.right for one in all_)),
        ),
        over_majority=_mean(differences),
    )


def _share(outcomes: Sequence[_Outcome], wanted: Callable[[_Outcome], bool]) -> float:
    return sum(wanted(one) for one in outcomes) / len(outcomes) if outcomes else math.nan


def _predicted(outcomes: Sequence[_Outcome]) -> tuple[list[float], list[bool]]:
    return [one.confidence for one in outcomes], [one.right for one in outcomes]


def _jackknife(seeds: Sequence[Sequence[_Outcome]], figure: Callable[[Sequence[_Outcome]], float]) -> Figure:
    """Of all questions together; the interval from leaving out one seed at a time."""
    value, count = figure([one for seed in seeds for one in seed]), len(seeds)
    without = [
        figure([one for number, seed in enumerate(seeds) if number != left_out for one in seed])
        for left_out in range(count)
    ]
    middle = sum(without) / count
    spread = 1.96 * math.sqrt((count - 1) / count * sum((one - middle) ** 2 for one in without))
    return Figure(value, value - spread, value + spread)


def _mean(values: Sequence[float]) -> Figure:
    count = len(values)
    mean = sum(values) / count
    spread = 1.96 * math.sqrt(sum((one - mean) ** 2 for one in values) / (count - 1) / count)
    return Figure(mean, mean - spread, mean + spread)


def as_json(row: Row) -> dict[str, object]:
    return {**asdict(row), "loses_to_majority": row.loses}
