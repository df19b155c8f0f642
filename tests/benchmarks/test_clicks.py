"""How soon who clicks sees that it is recorded, while a thousand tasks wait for approval."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import aiohttp
import pytest
from temporalio.client import Client
from temporalio.worker import Worker

from bot.blocks.actions import (
    APPROVE,
    REJECT,
    REJECT_KIND_BLOCK,
    REJECT_KIND_INPUT,
    REJECT_WORDS_BLOCK,
    REJECT_WORDS_INPUT,
)
from tests.benchmarks.bare import BareTask, Nothing
from tests.benchmarks.figures import held, percentile, spread
from tests.benchmarks.waiting import CHANNEL, Waiting, wait_for_approval
from tests.whole.town import Town, open_town

TASKS = 1000
APPROVED, REJECTED, REFUSED = 35, 20, 15
"""Tasks: approved by two people, rejected in the form, clicked by somebody who may not."""
EVERY = 5.0
"""Seconds between two clicks of anybody, on average: people read what they decide on. For each click Slack is asked who
holds which role, and it answers that twenty times a minute: to clicks, and to runs before each phase."""

GRACE, LINUS, MALLORY = ("grace", "U0GRACE001"), ("linus", "U0LINUS001"), ("mallory", "U0MALLORY1")

Kind = Literal["approve", "reject", "refused"]


@dataclass
class Click:
    """One of a person on a card. Times are of `time.monotonic`."""

    kind: Kind
    person: tuple[str, str]
    task: Waiting
    at: float = 0.0
    seen: float = 0.0
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    def shows(self, event: dict[str, Any]) -> bool:
        """Whether this tells the one who clicked what became of it."""
        name, said = self.person[1], json.dumps(event.get("message"), ensure_ascii=False)
        if self.kind == "refused":
            whispered = (event["kind"], event["user"], event["thread_ts"])
            return whispered == ("ephemeral", name, self.task.thread_ts) and "You do not hold a role" in said
        word = "✓ Approved" if self.kind == "approve" else "✗ Rejected"
        return event["ts"] == self.task.card_ts and f"{word} by <@{name}>" in said


@dataclass
class Seen:
    waiting: list[Click] = field(default_factory=list[Click])

    def look(self, event: dict[str, Any]) -> None:
        now = time.monotonic()
        for click in [each for each in self.waiting if each.shows(event)]:
            click.seen = now
            click.answered.set()
            self.waiting.remove(click)


@asynccontextmanager
async def watching(town: Town, seen: Seen) -> AsyncGenerator[None]:
    async def watch() -> None:
        timeout = aiohttp.ClientTimeout(total=None)
        async with town.stage.http.get(f"{town.stage.base}local/stream", timeout=timeout) as response:
            async for line in response.content:
                if line.startswith(b"data: "):
                    seen.look(json.loads(line[6:]))

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


def drawn(tasks: list[Waiting]) -> list[Click]:
    """What people click, in an order that nobody arranged."""
    order = random.Random("what people click")
    picked = order.sample(tasks, APPROVED + REJECTED + REFUSED)
    clicks = [Click("approve", person, task) for task in picked[:APPROVED] for person in (GRACE, LINUS)]
    clicks += [Click("reject", order.choice((GRACE, LINUS)), task) for task in picked[APPROVED : APPROVED + REJECTED]]
    clicks += [Click("refused", MALLORY, task) for task in picked[APPROVED + REJECTED :]]
    order.shuffle(clicks)
    return clicks


async def press(town: Town, seen: Seen, click: Click) -> float:
    """Click, and return how many milliseconds later they saw what became of it."""
    name = click.person[0]
    if click.kind == "reject":
        await town.stage.click(name, CHANNEL, click.task.card_ts, REJECT)
        view = await town.stage.until_view(name, seconds=5, what="The form")
        values: dict[str, dict[str, object]] = {
            REJECT_KIND_BLOCK: {REJECT_KIND_INPUT: "not_now"},
            REJECT_WORDS_BLOCK: {REJECT_WORDS_INPUT: "after the sale"},
        }
        seen.waiting.append(click)
        click.at = time.monotonic()
        assert await town.stage.submit(name, view["id"], values) == {}
    else:
        seen.waiting.append(click)
        click.at = time.monotonic()
        await town.stage.click(name, CHANNEL, click.task.card_ts, APPROVE)
    await asyncio.wait_for(click.answered.wait(), 60)
    return 1000 * (click.seen - click.at)


@dataclass(frozen=True)
class Floor:
    """A signal to a workflow that does nothing but an activity."""

    bare: Client
    done: dict[str, Callable[[], None]]

    async def once(self, number: int) -> float:
        name, happened = f"floor-{number}", asyncio.Event()
        self.done[name] = happened.set
        handle = await self.bare.start_workflow(
            BareTask.run, ["signal", "activity", "signal"], id=name, task_queue="bare"
        )
        await asyncio.sleep(0.5)
        started = time.monotonic()
        await handle.signal(BareTask.go_on)
        await asyncio.wait_for(happened.wait(), 60)
        took = 1000 * (time.monotonic() - started)
        await handle.signal(BareTask.go_on)
        return took


@asynccontextmanager
async def floor(town: Town) -> AsyncGenerator[Floor]:
    bare = await Client.connect(town.stack.temporal_address)
    done: dict[str, Callable[[], None]] = {}
    async with Worker(
        bare, task_queue="bare", workflows=[BareTask], activities=[Nothing(lambda name: done[name]()).nothing]
    ):
        yield Floor(bare, done)


@pytest.mark.benchmark
@pytest.mark.timeout(1800)
async def test_a_click_is_recorded(tmp_path: Path) -> None:
    pauses, seen = random.Random("when they click"), Seen()
    async with open_town(tmp_path) as town:
        began = time.monotonic()
        tasks = await wait_for_approval(town, TASKS, quorum=2)
        print(f"\n  {len(tasks)} tasks wait for approval after {time.monotonic() - began:.0f} s", flush=True)
        await town.serve("worker")
        await town.serve("bot")
        took: dict[Kind, list[float]] = {"approve": [], "reject": [], "refused": []}
        floors = list[float]()
        pressing = list[asyncio.Task[None]]()

        async def one(click: Click) -> None:
            took[click.kind].append(await press(town, seen, click))

        async with watching(town, seen), floor(town) as bare:
            due = time.monotonic()
            for number, click in enumerate(drawn(tasks)):
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                pressing.append(asyncio.create_task(one(click)))
                due += pauses.expovariate(1 / EVERY)
                floors.append(await bare.once(number))
            await asyncio.gather(*pressing)
    every = [each for kind in took.values() for each in kind]
    by_kind = "; ".join(f"{kind}: {spread(each)}, p95 {percentile(each, 95):.0f}" for kind, each in took.items())
    held("click to recorded, p95 with 1,000 tasks waiting", percentile(every, 95), unit="ms", bound=500,
         chosen="click_is_recorded",
         beside=f"{spread(every)}; {by_kind}; a bare signal to its activity: {spread(floors)}, "
         f"p95 {percentile(floors, 95):.0f}")  # fmt: skip
