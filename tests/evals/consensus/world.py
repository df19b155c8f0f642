"""Simulated members: how often each is right is stated, and they are wrong together more often than by chance.

A question has one right option of four. Each member's luck is part the question's own (hard for all), part its
lineage's (one model behind several vendors), part its own: a Gaussian copula, so that accuracies stay as stated. Those
who are wrong mostly fall for the same wrong option: of two members that are both wrong, about 60 % agree.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

from tools.contracts.council import Stance

OPTIONS = 4
SWAY = 0.7
"""How often a wrong answer is the question's own trap."""
CANDOUR = 0.75
"""How often a member speaks against what it did not answer itself; else it is silent."""
RESAMPLED = 0.9
"""Correlation of two answers of one model to one question."""
SAME_LINEAGE = 0.98
"""Of two members that are one model."""

_NORMAL = NormalDist()


@dataclass(frozen=True)
class Player:
    name: str
    accuracy: float
    lineage: str = ""
    """Members of one lineage are one model behind several vendors. The council is not told: their families differ."""
    fooled: bool = False
    """It answers whatever the trap is, and is sure of it: injected, or lying."""


@dataclass(frozen=True)
class Scenario:
    name: str
    players: Sequence[Player]
    correlation: float
    """Of two members' luck, 0 to 1."""


@dataclass(frozen=True)
class Question:
    truth: int
    answers: Mapping[str, int]
    sureness: Mapping[str, float]
    """What each says of its own answer, 0 to 1: informative, not calibrated."""
    stances: Mapping[str, Mapping[int, Stance]]
    """Member → option → its vote."""
    again: Mapping[str, Sequence[int]] = field(default_factory=dict[str, "Sequence[int]"])
    """What each would say if it were asked again and again."""


def draw(scenario: Scenario, *, seed: int, count: int) -> list[Question]:
    """`count` questions. The same seed draws the same ones."""
    rng = random.Random(f"{scenario.name}/{seed}")
    return [_question(scenario, rng) for _ in range(count)]


def _question(scenario: Scenario, rng: random.Random) -> Question:
    truth, *wrong = rng.sample(range(OPTIONS), OPTIONS)
    trap, shared = wrong[0], rng.gauss(0, 1)
    lineages = {player.lineage: (rng.gauss(0, 1), _slip(trap, wrong, rng)) for player in scenario.players}
    answers: dict[str, int] = {}
    sureness: dict[str, float] = {}
    again: dict[str, list[int]] = {}
    for player in scenario.players:
        own, slip = rng.gauss(0, 1), _slip(trap, wrong, rng)
        if player.lineage:
            of_lineage, slip = lineages[player.lineage]
            own = math.sqrt(SAME_LINEAGE) * of_lineage + math.sqrt(1 - SAME_LINEAGE) * own
        luck = math.sqrt(scenario.correlation) * shared + math.sqrt(1 - scenario.correlation) * own
        needed = _NORMAL.inv_cdf(player.accuracy)
        answers[player.name] = truth if luck < needed else slip
        sureness[player.name] = _NORMAL.cdf(abs(needed - luck) + rng.gauss(0, 0.7))
        retold = [
            math.sqrt(RESAMPLED) * luck + math.sqrt(1 - RESAMPLED) * rng.gauss(0, 1)
            for _ in range(2 * len(scenario.players))
        ]
        again[player.name] = [truth if one < needed else slip for one in retold]
        if player.fooled:
            answers[player.name], sureness[player.name] = trap, 1.0
            again[player.name] = [trap] * len(retold)
    said = sorted(set(answers.values()))
    stances: dict[str, dict[int, Stance]] = {
        name: {option: _stance(option, own, rng) for option in said} for name, own in answers.items()
    }
    return Question(truth, answers, sureness, stances, again)


def _slip(trap: int, wrong: Sequence[int], rng: random.Random) -> int:
    return trap if rng.random() < SWAY else rng.choice(wrong)


def _stance(option: int, own: int, rng: random.Random) -> Stance:
    if option == own:
        return "support"
    return "contradict" if rng.random() < CANDOUR else "silent"


def _players(*accuracies: float, lineage: str = "", start: int = 1) -> list[Player]:
    return [Player(f"m{number}", accuracy, lineage) for number, accuracy in enumerate(accuracies, start)]


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("three, alike", _players(0.78, 0.76, 0.74), 0.3),
    Scenario("five, alike", _players(0.76, 0.75, 0.74, 0.73, 0.72), 0.3),
    Scenario("five, independent", _players(0.76, 0.75, 0.74, 0.73, 0.72), 0.0),
    Scenario("five, much in common", _players(0.76, 0.75, 0.74, 0.73, 0.72), 0.7),
    Scenario("five, one far better", _players(0.93, 0.7, 0.68, 0.66, 0.64), 0.3),
    Scenario(
        "five, three are one model", [*_players(0.82, 0.8), *_players(0.66, 0.66, 0.66, lineage="x", start=3)], 0.2
    ),
    Scenario("five, one lies", [*_players(0.8, 0.79, 0.78, 0.77), Player("m5", 0.5, fooled=True)], 0.3),
    Scenario("five, hard questions", _players(0.52, 0.5, 0.48, 0.46, 0.44), 0.3),
    Scenario("nine, mixed", _players(0.85, 0.82, 0.8, 0.76, 0.74, 0.72, 0.7, 0.66, 0.62), 0.35),
)
