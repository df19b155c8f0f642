"""How soon a vote is seen in its thread after it was cast, with Slack's limits on: one council alone, and twenty."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.narrator.live import LiveProgress, Narrator
from bot.pacing import Pacer
from bot.thread import ThreadRef
from tests.benchmarks.figures import held, percentile, spread
from tests.unit.narrator.workspace import Slack, running_slack
from tools.contracts.council import ClaimTally, PooledClaim
from tools.contracts.progress import MemberProgress, TallyProgress, ToolProgress, VoteProgress

MEMBERS = ("Claude", "GPT", "Gemini")
CLAIMS = 6
TOGETHER = 20
FASTEST, SLOWEST = 2.0, 20.0
"""Seconds that a member takes over an answer, and again over its votes: as real models do."""

LAST_WRITES = 40.0
"""Seconds after the councils in which what they ended with is still written."""

_ROW = re.compile(r"(\d+) of (\d+) supports?(?:, (\d+) contradicts?)?[^:]*: (Claim \d+ of the council in [0-9.]+)")


@dataclass
class Seen:
    """When how many votes on a claim were first shown. Times are of `time.monotonic`."""

    cast: dict[tuple[str, int], float] = field(default_factory=dict[tuple[str, int], float])
    """Claim and number of the vote → when it was cast."""
    shown: dict[tuple[str, int], float] = field(default_factory=dict[tuple[str, int], float])
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def vote(self, claim: str) -> None:
        number = 1 + sum(1 for of, _ in self.cast if of == claim)
        self.cast[claim, number] = time.monotonic()

    def look(self, event: dict[str, Any]) -> None:
        now = time.monotonic()
        for _, votes, _, claim in _ROW.findall(json.dumps(event.get("message"), ensure_ascii=False)):
            for number in range(1, int(votes) + 1):
                self.shown.setdefault((claim, number), now)
        self.news.set()

    async def all(self, seconds: float) -> None:
        """Return when every vote was shown, or after so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while set(self.cast) - set(self.shown):
                    self.news.clear()
                    await self.news.wait()

    def seconds(self) -> list[float]:
        """From each vote until it was seen. Raises AssertionError when one never was."""
        missing = sorted(set(self.cast) - set(self.shown))
        assert not missing, f"{len(missing)} of {len(self.cast)} votes were never shown, e.g. {missing[:3]}"
        return [self.shown[vote] - cast for vote, cast in self.cast.items()]


@asynccontextmanager
async def watching(slack: Slack, seen: Seen) -> AsyncGenerator[None]:
    async def watch() -> None:
        timeout = aiohttp.ClientTimeout(total=None)
        async with slack.http.get(f"{slack.address}/local/stream", timeout=timeout) as response:
            async for line in response.content:
                if line.startswith(b"data: "):
                    seen.look(json.loads(line[6:]))

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def council(narrator: Narrator, thread: ThreadRef, seen: Seen, *, drawn: random.Random) -> None:
    """What one council says, at the speed of real models."""
    claims = {f"c{number}": f"Claim {number} of the council in {thread.thread_ts}" for number in range(CLAIMS)}

    async def member(progress: LiveProgress, name: str) -> None:
        progress.emit(MemberProgress(name, "thinking", "answer"))
        await asyncio.sleep(drawn.uniform(FASTEST, SLOWEST))
        progress.emit(MemberProgress(name, "answered", "answer"))

    async def votes(progress: LiveProgress, name: str) -> None:
        progress.emit(MemberProgress(name, "thinking", "vote"))
        await asyncio.sleep(drawn.uniform(FASTEST, SLOWEST))
        for claim_id, text in claims.items():
            progress.emit(VoteProgress(claim_id, text, name, "support"))
            seen.vote(text)
        progress.emit(MemberProgress(name, "answered", "vote"))

    async with narrator.live(
        thread, task_id=f"t.{thread.thread_ts}", key="progress", title="Investigating", simulated=False
    ) as progress:
        for number in range(4):
            progress.emit(ToolProgress(f"call-{number}", f"tool_{number}", "running"))
            await asyncio.sleep(drawn.uniform(0.05, 0.5))
            progress.emit(ToolProgress(f"call-{number}", f"tool_{number}", "done", "14 web servers"))
        await asyncio.gather(*(member(progress, name) for name in MEMBERS))
        await asyncio.gather(*(votes(progress, name) for name in MEMBERS))
        progress.emit(TallyProgress([tallied(claim_id, text) for claim_id, text in claims.items()]))


def tallied(claim_id: str, text: str) -> ClaimTally:
    claim = PooledClaim(id=claim_id, text=text, kind="claim", key=text, authors=[])
    return ClaimTally(
        claim=claim,
        support=list(MEMBERS),
        contradict=[],
        silent=[],
        agreement=1,
        coverage=1,
        carried=True,
        single_source=False,
    )


async def run(slack: Slack, *, count: int) -> tuple[list[float], int]:
    """Seconds until each vote was seen, and how often Slack answered 429."""
    narrator = Narrator(slack.writer(pacer=Pacer()))
    seen = Seen()
    threads = [await slack.thread(f"web servers have drifted, {number}") for number in range(count)]
    await slack.control("stats/reset", {})
    async with watching(slack, seen):
        await asyncio.gather(
            *(
                council(narrator, thread, seen, drawn=random.Random(f"{count}/{number}"))
                for number, thread in enumerate(threads)
            )
        )
        await seen.all(LAST_WRITES)
    stats = await slack.look("stats")
    return seen.seconds(), sum(method["ratelimited"] for method in stats["methods"].values())


@pytest.mark.benchmark
@pytest.mark.timeout(180)
async def test_a_vote_is_seen_with_one_council(tmp_path: Path) -> None:
    async with running_slack(tmp_path) as slack:
        seconds, refused = await run(slack, count=1)
    held("vote cast to seen, one council", max(seconds), unit="s", bound=1.5,
         chosen="vote_is_seen_with_one", beside=spread(seconds, "s"))  # fmt: skip
    held("429s with one council", refused, unit="", bound=0, chosen="vote_is_seen_with_one")


@pytest.mark.benchmark
@pytest.mark.timeout(300)
async def test_a_vote_is_seen_with_twenty_councils_at_once(tmp_path: Path) -> None:
    """All in one channel, which is the narrowest there is."""
    async with running_slack(tmp_path) as slack:
        seconds, refused = await run(slack, count=TOGETHER)
    held("vote cast to seen, p95 of 20 councils in one channel", percentile(seconds, 95), unit="s", bound=20,
         chosen="vote_is_seen_with_twenty", beside=f"{spread(seconds, 's')}, at most {max(seconds):.1f} s")  # fmt: skip
    held("429s with twenty councils", refused, unit="", bound=0, chosen="vote_is_seen_with_twenty")
