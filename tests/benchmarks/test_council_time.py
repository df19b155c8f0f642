"""How long a council takes against the moment from which its outcome was settled, at the speed of real models."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest
from aiohttp import web

from agents.orchestrator.chat import Member
from agents.orchestrator.council import Council
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.orchestrator import Orchestrator
from tests.benchmarks.figures import held
from tests.unit.orchestrator.oracle import Chamber
from tests.unit.orchestrator.parts import KeptEntries, Watcher, brief, report
from tests.unit.orchestrator.provider import Call, Provider, Step, fails, says, serve_provider, votes
from tools.contracts.council import Stance

FASTEST, SLOWEST = 2.0, 20.0
"""Seconds that a member takes over an answer, and again over a vote."""

DEADLINE = 22.0
PATIENCE = 5.0
SEEDS = range(6)
BOUND_MS = 200.0
ITEMS = ("23", "99", "web-1")
"""The last words of what is voted on: the honest claim, the liar's, and the one phase of the one plan."""


@dataclass(frozen=True)
class Seat:
    """What one member will do, and when."""

    name: str
    lies: bool
    answers_after: float
    answers: bool
    votes_after: float
    votes: bool
    stances: Mapping[str, Stance]


def seats(size: int, seed: int) -> list[Seat]:
    """One of three is unlike the others: it lies, it fails, or it never comes back."""
    drawn = random.Random(f"{size}/{seed}")
    odd = drawn.randrange(size)
    fault = ("none", "lies", "fails", "never answers", "no vote", "never votes")[seed % 6]
    made: list[Seat] = []
    for number in range(size):
        own = fault if number == odd else "none"
        doubts = drawn.random() < 0.15
        stances: dict[str, Stance] = {
            "23": "support",
            "99": "contradict",
            "web-1": "contradict" if doubts else "support",
        }
        if own == "lies":
            stances = {"23": "contradict", "99": "support", "web-1": "support"}
        late = {"never answers": DEADLINE}.get(own, drawn.uniform(FASTEST, SLOWEST))
        later = {"never votes": DEADLINE}.get(own, drawn.uniform(FASTEST, SLOWEST))
        made.append(
            Seat(
                name=f"m{number}",
                lies=own == "lies",
                answers_after=late,
                answers=own not in ("fails", "never answers"),
                votes_after=later,
                votes=own not in ("no vote", "never votes"),
                stances=stances,
            )
        )
    return made


def settled_after(council: Sequence[Seat], *, approved: bool) -> float:
    """Seconds until no answer and no vote to come could change the outcome, by trying all of them.

    What carries is one part of it. Where it is approved, how many people have to is the other: while only that is open,
    whoever has not voted when as much time has gone by again is counted as against it, and it is settled.
    """
    start = _answers_settled_after(council)
    answered = [seat for seat in council if seat.answers]
    if len(answered) < 3:
        return start
    chamber = _chamber(answered)
    heard: dict[str, Mapping[str, str]] = {}
    out = {seat.name for seat in answered}
    given_up = float("inf")
    for seat in sorted(answered, key=lambda one: one.votes_after):
        out.discard(seat.name)
        if seat.votes:
            heard[seat.name] = {item: seat.stances[item] for item in chamber.authors}
        if chamber.settled(heard, sorted(out), quorum=approved):
            return start + min(seat.votes_after, given_up)
        if chamber.settled(heard, sorted(out)):
            given_up = min(given_up, seat.votes_after + max(seat.votes_after, PATIENCE))
    raise AssertionError("with every vote in, the outcome is settled")


def _answers_settled_after(council: Sequence[Seat]) -> float:
    """Until it is settled who votes; or, where too few can, that there is an answer and no council."""
    events = sorted(council, key=lambda seat: seat.answers_after)
    for number, seat in enumerate(events, start=1):
        there = [event.name for event in events[:number] if event.answers]
        out = [event.name for event in events[number:]]
        futures = [
            frozenset([*there, *(name for name, comes in zip(out, rest, strict=True) if comes)])
            for rest in itertools.product((True, False), repeat=len(out))
        ]
        alone = all(len(voters) < 3 for voters in futures)
        if not out or (alone and there):
            return seat.answers_after
    raise AssertionError("with every answer in, it is settled who votes")


def _chamber(answered: Sequence[Seat]) -> Chamber:
    honest = [seat.name for seat in answered if not seat.lies]
    liars = [seat.name for seat in answered if seat.lies]
    authors = {"23": honest, "99": liars, "web-1": [seat.name for seat in answered]}
    return Chamber(
        families={seat.name: seat.name for seat in answered},
        authors={item: authors[item] for item in ITEMS if authors[item]},
        plans={seat.name: ["web-1"] for seat in answered},
        claims={seat.name: ["99" if seat.lies else "23"] for seat in answered},
    )


def after(seconds: float, then: Step) -> Step:
    async def step(request: web.Request, call: Call) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return await then(request, call)

    return step


def _votes(seat: Seat) -> Step:
    return votes(lambda text: seat.stances[text.rpartition(" ")[2]]) if seat.votes else fails(500)


@dataclass(frozen=True)
class Run:
    wall: float
    settled: float

    @property
    def over_ms(self) -> float:
        """Beyond 1.05 × the settled moment."""
        return 1000 * (self.wall - 1.05 * self.settled)


async def run(
    provider: Provider, client: LiteLLMClient, council: Sequence[Seat], *, case: tuple[int, bool], settled: float
) -> Run:
    seed, approved = case
    members: list[Member] = []
    for seat in council:
        model = f"{seat.name}-of-{len(council)}-{seed}{'-approved' if approved else ''}"
        # One that never comes back outlasts every deadline.
        late = 10 * DEADLINE if seat.answers_after == DEADLINE else seat.answers_after
        later = 10 * DEADLINE if seat.votes_after == DEADLINE else seat.votes_after
        value = "99" if seat.lies else "23"
        answer = says(report(value, assets=["web-1"])) if seat.answers else fails(500)
        provider.play(model, after(late, answer), schema="DriftMemberReport")
        provider.play(model, after(later, _votes(seat)), schema="VoteSheet")
        members.append(provider.member(model))
    orchestrator = Orchestrator(
        Council(client, members, answer_deadline_seconds=DEADLINE, vote_deadline_seconds=DEADLINE)
    )
    started = time.monotonic()
    asked = replace(brief(), approved=approved)
    await orchestrator.deliberate(asked, mode="council", progress=Watcher(), recorder=KeptEntries())
    return Run(time.monotonic() - started, settled)


@pytest.fixture
async def provider() -> AsyncGenerator[Provider]:
    async with serve_provider() as serving:
        yield serving


@pytest.fixture
async def litellm_client() -> AsyncGenerator[LiteLLMClient]:
    client = LiteLLMClient()
    await client.warm()
    yield client
    await client.close()


@pytest.mark.benchmark
@pytest.mark.timeout(300)
@pytest.mark.parametrize("size", [3, 5, 9])
async def test_a_council_ends_when_its_outcome_is_settled(
    provider: Provider, litellm_client: LiteLLMClient, size: int
) -> None:
    # All begin at once, on however few cores: as many as one worker might have, and no more.
    cases = [(seed, approved) for seed in SEEDS for approved in (True, False) if approved or seed % 2 == 0]
    councils = {case: seats(size, case[0]) for case in cases}
    # Takes time of its own.
    settled = {case: settled_after(council, approved=case[1]) for case, council in councils.items()}
    runs = await asyncio.gather(
        *(
            run(provider, litellm_client, council, case=case, settled=settled[case])
            for case, council in councils.items()
        )
    )
    worst = max(runs, key=lambda one: one.over_ms)
    ratio = max(one.wall / one.settled for one in runs)
    held(
        f"council of {size}, wall beyond 1.05 x the moment the outcome was settled",
        worst.over_ms,
        unit="ms",
        bound=BOUND_MS,
        chosen="council_ends_when",
        beside=f"{len(runs)} councils, settled after {min(one.settled for one in runs):.1f} to"
        f" {max(one.settled for one in runs):.1f} s, wall at most {ratio:.4f} x that",
    )
