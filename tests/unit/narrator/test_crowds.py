"""Many boards at once: Slack takes only so many streams a minute, and so many writes a second."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import pytest

from bot.narrator import live
from bot.narrator.live import Narrator
from bot.pacing import Pacer, Rate
from tests.unit.narrator.workspace import Slack, until
from tools.contracts.progress import ToolProgress, VoteProgress

TASK = "T1.C1.1"


async def test_where_others_took_all_the_streams_there_are_the_board_is_edited_and_nobody_waits(slack: Slack) -> None:
    pacer = Pacer(
        channel_rate=Rate(per_second=100, burst=100),
        method_rates={"chat.startStream": Rate(per_second=0.01, burst=1)},
    )
    narrator = Narrator(slack.writer(pacer=pacer))
    threads = [await slack.thread(), await slack.thread()]

    async def tell(number: int) -> None:
        async with narrator.live(
            threads[number], task_id=f"{TASK}{number}", key="k", title="Investigating", simulated=False
        ) as progress:
            progress.emit(ToolProgress("call", "query_assets", "done"))

    async with asyncio.timeout(30):
        await asyncio.gather(tell(0), tell(1))
    shown = [(await slack.replies(thread))[0] for thread in threads]
    assert [message["stream"] is not None for message in shown] == [True, False]
    assert all("Investigating: done" in str(message["blocks"]) for message in shown)


async def test_a_stream_whose_start_is_begun_anew_for_a_vote_keeps_the_turn_that_it_claimed(slack: Slack) -> None:
    pacer = Pacer(
        channel_rate=Rate(per_second=1, burst=1),
        method_rates={"chat.startStream": Rate(per_second=0.02, burst=1)},
    )
    narrator = Narrator(slack.writer(pacer=pacer))
    thread = await slack.thread()
    await pacer.turn(thread.channel, "chat.postMessage")
    async with narrator.live(thread, task_id=TASK, key="k", title="Voting", simulated=False) as progress:
        await asyncio.sleep(0.3)
        progress.emit(VoteProgress("c1", "It drifted", "Claude", "support"))
        (message,) = await until(lambda: slack.replies(thread), seconds=8)
    assert message["stream"] is not None


async def test_the_last_write_waits_for_its_turn_without_holding_up_the_work(
    slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "FINISH_SECONDS", 0.1)
    thread = await slack.thread(recipient=None)
    narrator = Narrator(slack.writer(pacer=Pacer(channel_rate=Rate(per_second=1, burst=1), method_rates={})))
    async with narrator.live(thread, task_id=TASK, key="k", title="Investigating", simulated=False) as progress:
        await until(lambda: slack.replies(thread))
        progress.emit(ToolProgress("call", "query_assets", "done", "14 web servers"))
        ended = time.monotonic()
    assert time.monotonic() - ended < 0.6

    async def over() -> bool:
        (message,) = await slack.replies(thread)
        return "Investigating: done" in str(message["blocks"]) and "14 web servers" in str(message["blocks"])

    await until(over)


async def test_what_waits_to_be_said_of_a_board_is_dropped_when_the_board_goes_on(
    slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else an old end could be written over what a later revision says."""
    monkeypatch.setattr(live, "FINISH_SECONDS", 0.1)
    thread = await slack.thread(recipient=None)
    narrator = Narrator(slack.writer(pacer=Pacer(channel_rate=Rate(per_second=0.7, burst=1), method_rates={})))
    for title in ("Investigating", "Repairing"):
        again = title == "Repairing"
        async with narrator.live(
            thread, task_id=TASK, key="k", title=title, simulated=False, check_first=again
        ) as progress:
            await until(lambda: slack.replies(thread))
            progress.emit(ToolProgress("call", "query_assets", "done"))

    async def over() -> bool:
        (message,) = await slack.replies(thread)
        return "Repairing: done" in str(message["blocks"])

    await until(over)
    await asyncio.sleep(1.6)  # one more turn, which nothing may use
    assert await over()


async def test_a_vote_does_not_wait_behind_other_progress_of_other_boards(slack: Slack) -> None:
    pacer = Pacer(channel_rate=Rate(per_second=2, burst=3), method_rates={})
    narrator = Narrator(slack.writer(pacer=pacer))
    threads = [await slack.thread(recipient=None) for _ in range(8)]
    seen = asyncio.Event()

    async def chatter(number: int) -> None:
        async with narrator.live(
            threads[number], task_id=f"{TASK}{number}", key="k", title="Busy", simulated=False
        ) as progress:
            while not seen.is_set():
                progress.emit(ToolProgress(f"call-{time.monotonic()}", "query_assets", "done"))
                await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as group:
        busy = [group.create_task(chatter(number)) for number in range(7)]
        async with narrator.live(threads[7], task_id=TASK, key="k", title="Voting", simulated=False) as progress:
            await until(lambda: slack.replies(threads[7]), seconds=15)
            progress.emit(VoteProgress("c1", "It drifted", "Claude", "support"))
            cast = time.monotonic()

            async def shown() -> bool:
                return "1 of 1 supports" in str(await slack.replies(threads[7]))

            await until(shown)
            assert time.monotonic() - cast < 2
            seen.set()
        for task in busy:
            task.cancel()


@dataclass
class Holds:
    """Implements `bot.pacing.PacingMetrics`."""

    came: asyncio.Event = field(default_factory=asyncio.Event)

    def waited(self, seconds: float, *, urgent: bool) -> None:
        del seconds, urgent

    def held(self, method: str, seconds: float) -> None:
        del method, seconds
        self.came.set()


async def test_a_vote_that_met_a_429_is_as_hasty_when_it_is_tried_again(slack: Slack) -> None:
    holds = Holds()
    pacer = Pacer(channel_rate=Rate(per_second=2, burst=2), method_rates={}, metrics=holds)
    thread = await slack.thread(recipient=None)
    async with Narrator(slack.writer(pacer=pacer)).live(
        thread, task_id=TASK, key="k", title="Voting", simulated=False
    ) as progress:
        await until(lambda: slack.replies(thread))
        await slack.faults(rate_limited_seconds=0.5, methods=["chat.update"])
        progress.emit(VoteProgress("c1", "It drifted", "Claude", "support"))
        await asyncio.wait_for(holds.came.wait(), 5)
        others = [asyncio.create_task(pacer.turn(thread.channel, "chat.update")) for _ in range(8)]

        async def shown() -> bool:
            return "1 of 1 supports" in str(await slack.replies(thread))

        await until(shown)
        assert sum(task.done() for task in others) < 5
        for task in others:
            task.cancel()
