"""Ways to answer from several members. All learn from the same labelled questions, and are tried on others."""

from __future__ import annotations

import importlib
import importlib.util
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from agents.orchestrator.calibration import Curve, Labelled, calibrate
from agents.orchestrator.consensus import tally
from agents.orchestrator.electorate import Electorate
from agents.orchestrator.reliability import Verdict, learn
from tests.evals.consensus.world import Question, Scenario
from tools.contracts.council import Ballot, ClaimTally, PooledClaim, VoteSheet

THRESHOLD, MIN_PROVIDERS = 0.7, 3


@dataclass(frozen=True)
class Guess:
    """The answer a method would give if it had to, and how it stands to it."""

    answer: int
    score: float
    """Higher is surer; made a probability by the curve that the labelled questions gave."""
    stands: bool | None = None
    """Whether it answers at all; None: it always does."""


class Method(Protocol):
    @property
    def name(self) -> str: ...

    def calls(self, scenario: Scenario) -> int:
        """To models, for one question."""
        ...

    def guesses(self, scenario: Scenario, labelled: Sequence[Question], asked: Sequence[Question]) -> list[Guess]:
        """One for each labelled and then each asked question. The truth of the asked ones is not looked at."""
        ...


@dataclass(frozen=True)
class SingleBest:
    """The member that was right most often on the labelled questions, by its own word."""

    name: str = "single best"

    def calls(self, scenario: Scenario) -> int:
        del scenario
        return 1

    def guesses(self, scenario: Scenario, labelled: Sequence[Question], asked: Sequence[Question]) -> list[Guess]:
        best = best_of(scenario, labelled)
        return [Guess(question.answers[best], question.sureness[best]) for question in (*labelled, *asked)]


@dataclass(frozen=True)
class Majority:
    """Most votes; in a tie the option that an earlier member named."""

    name: str = "majority"

    def calls(self, scenario: Scenario) -> int:
        return len(scenario.players)

    def guesses(self, scenario: Scenario, labelled: Sequence[Question], asked: Sequence[Question]) -> list[Guess]:
        del scenario
        return [_plurality(list(question.answers.values())) for question in (*labelled, *asked)]


@dataclass(frozen=True)
class SelfConsistency:
    """The best member asked as often as a council makes calls, and the majority of what it said."""

    name: str = "self-consistency"

    def calls(self, scenario: Scenario) -> int:
        return 2 * len(scenario.players)

    def guesses(self, scenario: Scenario, labelled: Sequence[Question], asked: Sequence[Question]) -> list[Guess]:
        best = best_of(scenario, labelled)
        return [_plurality(question.again[best]) for question in (*labelled, *asked)]


@dataclass(frozen=True)
class DawidSkene:
    """Dawid and Skene's confusion matrices by EM, crowd-kit's, over all the questions at once."""

    name: str = "Dawid-Skene"

    @staticmethod
    def is_installed() -> bool:
        return importlib.util.find_spec("crowdkit") is not None

    def calls(self, scenario: Scenario) -> int:
        return len(scenario.players)

    def guesses(self, scenario: Scenario, labelled: Sequence[Question], asked: Sequence[Question]) -> list[Guess]:
        del scenario
        pandas: Any = importlib.import_module("pandas")
        aggregation: Any = importlib.import_module("crowdkit.aggregation")
        questions = [*labelled, *asked]
        rows = [
            (number, member, answer)
            for number, question in enumerate(questions)
            for member, answer in question.answers.items()
        ]
        frame = pandas.DataFrame(rows, columns=["task", "worker", "label"])
        chances = aggregation.DawidSkene(n_iter=100, tol=1e-5).fit_predict_proba(frame)
        table: list[dict[int, float]] = chances.loc[list(range(len(questions)))].to_dict("records")
        return [Guess(*max(row.items(), key=lambda item: item[1])) for row in table]


@dataclass(frozen=True)
class Council:
    """Gavel's: its tally, its weights from the labelled questions, its threshold. What does not carry is no answer."""

    name: str = "council"

    def calls(self, scenario: Scenario) -> int:
        return 2 * len(scenario.players)

    def guesses(self, scenario: Scenario, labelled: Sequence[Question], asked: Sequence[Question]) -> list[Guess]:
        verdicts = [
            Verdict(str(number), member, answer == question.truth)
            for number, question in enumerate(labelled)
            for member, answer in question.answers.items()
        ]
        electorate = learn(verdicts).electorate({player.name: player.name for player in scenario.players})
        return [_voted(question, electorate) for question in (*labelled, *asked)]


def _voted(question: Question, electorate: Electorate) -> Guess:
    authors: dict[int, list[str]] = {}
    for member, answer in question.answers.items():
        authors.setdefault(answer, []).append(member)
    pooled = [
        PooledClaim(id=str(option), text=str(option), kind="claim", key=str(option), authors=authors[option])
        for option in sorted(authors)
    ]
    sheets = {
        member: VoteSheet(ballots=[Ballot(claim_id=str(option), stance=stance) for option, stance in cast.items()])
        for member, cast in question.stances.items()
    }
    rows = tally(pooled, sheets, electorate, threshold=THRESHOLD, min_providers=MIN_PROVIDERS)
    order = list(question.answers.values())
    # As the council ranks plans that carried: by support. What spoke against it is in how sure it is.
    best = max(rows, key=lambda row: (row.carried, row.effective_support, -order.index(int(row.claim.id))))
    return Guess(int(best.claim.id), margin(best), best.carried)


def margin(row: ClaimTally) -> float:
    return row.coverage * (2 * (row.agreement or 0) - 1)


def best_of(scenario: Scenario, labelled: Sequence[Question]) -> str:
    right = Counter(
        member for question in labelled for member, answer in question.answers.items() if answer == question.truth
    )
    return max((player.name for player in scenario.players), key=lambda name: right[name])


def _plurality(said: Sequence[int]) -> Guess:
    counted = Counter(said)
    answer = max(counted, key=lambda option: (counted[option], -said.index(option)))
    return Guess(answer, counted[answer] / len(said))


def curve_of(guesses: Sequence[Guess], labelled: Sequence[Question]) -> Curve:
    """From the labelled questions; where they are all right or all wrong, how often that was."""
    labels = [
        Labelled(guess.score, guess.answer == question.truth) for guess, question in zip(guesses, labelled, strict=True)
    ]
    calibrator = calibrate(labels)
    if calibrator is not None:
        return calibrator.curve
    share = (sum(label.right for label in labels) + 1) / (len(labels) + 2)
    return lambda _score: share


def methods() -> Mapping[str, Method]:
    """By name; Dawid-Skene only where its library is installed (`make consensus`)."""
    found: list[Method] = [SingleBest(), Majority(), SelfConsistency()]
    found += [DawidSkene()] if DawidSkene.is_installed() else []
    return {method.name: method for method in [*found, Council()]}
