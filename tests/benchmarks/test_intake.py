"""From an envelope to its acknowledgement, with the intake alone: no worker takes the machine from it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.benchmarks.figures import held, spread
from tests.benchmarks.figures import percentile as at
from tests.whole.town import Town, open_town, until
from tools.contracts.common import JsonObject

PER_SECOND = 20
SECONDS = 30

pytestmark = pytest.mark.benchmark


async def test_acknowledgement(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        await town.serve("bot", module="tests.benchmarks.watched_bot")
        for number in range(PER_SECOND):
            await town.stage.say("ada", "ops", f"@gavel warming up, {number}")
        await _acknowledged(town, PER_SECOND)
        tasks = [*await _mentions(town)]
        envelopes = (await _acknowledged(town, PER_SECOND + len(tasks)))[PER_SECOND:]
        calls: dict[str, float] = dict(json.loads(line) for line in (tmp_path / "calls.jsonl").read_text().splitlines())
    whole = [1000 * (envelope["acked_at"] - envelope["sent_at"]) for envelope in envelopes]
    temporal = [calls[task] for task in tasks]
    outside = [total - call for total, call in zip(whole, temporal, strict=True)]
    held("Envelope to acknowledgement, p99", at(whole, 99), unit="ms", bound=100, chosen="acknowledgement",
         beside=f"{PER_SECOND} mentions/s for {SECONDS} s: {spread(whole)}")  # fmt: skip
    held("of it outside the Temporal call, p99", at(outside, 99), unit="ms", bound=10, chosen="acknowledgement",
         beside=f"outside: {spread(outside)}; the Temporal call alone: {spread(temporal)}")  # fmt: skip


async def _mentions(town: Town) -> list[str]:
    """Say them at a steady pace, whatever the bot does; the tasks they start, in order."""
    loop = asyncio.get_running_loop()
    began, tasks = loop.time(), list[str]()
    for number in range(PER_SECOND * SECONDS):
        await asyncio.sleep(max(0.0, began + number / PER_SECOND - loop.time()))
        said = await town.stage.say("ada", "ops", f"@gavel production web servers have drifted, look at {number}")
        tasks.append(f"{town.stack.org}.{said.channel}.{said.ts}")
    return tasks


async def _acknowledged(town: Town, count: int) -> list[JsonObject]:
    """The first deliveries of the mentions, in the order in which they were said. A mention is an event to the bot's
    user, and one more as a message, which starts nothing."""
    found: list[JsonObject] = []

    async def all_are() -> bool:
        stats = await _stats(town)
        found[:] = [each for each in stats["envelopes"] if each["event_type"] == "app_mention"]
        return len(found) >= count and all(envelope["acked_at"] for envelope in found)

    await until(all_are, seconds=30, what=f"{count} acknowledgements")
    assert len(found) == count, "some were delivered again"
    return found


async def _stats(town: Town) -> JsonObject:
    async with town.stage.http.get(f"{town.stage.base}local/stats", params={"envelopes": "5000"}) as response:
        body: JsonObject = await response.json()
    return body
