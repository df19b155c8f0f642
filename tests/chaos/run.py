"""One run: people work, faults rage, all is well again, everything is examined."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.chaos.arena import open_arena
from tests.chaos.crowd import Crowd, groups_of
from tests.chaos.faults import Weather, raging
from tests.chaos.invariants import examine
from tools.contracts.common import JsonObject

SETTLED_SECONDS = 240


@dataclass(frozen=True)
class Report:
    """What a run found. `breaches` and `broken` must be empty."""

    seed: int
    faults: dict[str, int]
    deaths: dict[str, int]
    """Of bots and workers, each by name."""
    stillborn: int
    """Of them: ended before they served, since what they need was away."""
    requests: int
    outcomes: dict[str, int]
    changes: int
    messages: int
    entries: int
    seconds: float
    breaches: list[str] = field(default_factory=list[str])
    broken: list[str] = field(default_factory=list[str])
    """What the harness itself could not do."""

    @property
    def total(self) -> int:
        return sum(self.faults.values())

    def as_json(self) -> JsonObject:
        return {**asdict(self), "faults_in_all": self.total}


async def run(data_dir: Path, *, seed: int, faults: int, at_once: int) -> Report:
    """`at_once` requests are at work at a time, while so many faults are made, drawn by `seed`."""
    began = time.monotonic()
    dice = random.Random(seed)
    async with open_arena(data_dir) as arena:
        crowd = Crowd(arena, random.Random(dice.random()), await groups_of(arena))
        weather = Weather(arena, random.Random(dice.random()))
        over = asyncio.Event()
        working = asyncio.create_task(crowd.work(at_once=at_once, over=over))
        async with raging(weather, faults):
            pass
        over.set()
        try:
            await asyncio.wait_for(working, SETTLED_SECONDS)
        except TimeoutError:  # what has not ended by then is found below
            weather.broken.append(f"not all that was asked ended within {SETTLED_SECONDS} s of the last fault")
        amiss = await arena.amiss(seconds=90)
        found = await examine(arena, crowd)
        if found.breaches or amiss:
            await arena.stacks()
        return Report(
            seed=seed,
            faults=dict(sorted(weather.count.items())),
            deaths=dict(sorted(Counter(name for name, _ in arena.cast.deaths).items())),
            stillborn=arena.cast.stillborn,
            requests=len(crowd.requests),
            outcomes=dict(found.outcomes.most_common()),
            changes=found.changes,
            messages=found.messages,
            entries=found.entries,
            seconds=time.monotonic() - began,
            breaches=found.breaches + amiss,
            broken=weather.broken,
        )
