from __future__ import annotations

import asyncio
import time

import pytest

from bot.pacing import CREDIT, Haste, Pacer, Rate


async def turns(pacer: Pacer, count: int, *, channel: str = "C1", method: str = "chat.update") -> float:
    started = time.monotonic()
    for _ in range(count):
        await pacer.turn(channel, method)
    return time.monotonic() - started


async def test_a_burst_passes_at_once_and_then_one_by_one() -> None:
    pacer = Pacer(channel_rate=Rate(per_second=10, burst=3), method_rates={})
    assert await turns(pacer, 3) + await turns(pacer, 3) >= 0.25


async def test_channels_do_not_wait_for_one_another_but_tasks_in_one_channel_do() -> None:
    pacer = Pacer(channel_rate=Rate(per_second=10), method_rates={})
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        started = time.monotonic()
        same = [group.create_task(turns(pacer, 1)) for _ in range(4)]
        other = group.create_task(turns(pacer, 1, channel="C2"))
    assert time.monotonic() - started >= 0.28
    assert other.result() < max(task.result() for task in same)


async def test_a_method_is_paced_over_all_channels() -> None:
    pacer = Pacer(channel_rate=Rate(per_second=1000), method_rates={"chat.update": Rate(per_second=10)})
    started = time.monotonic()
    for channel in ("C1", "C2", "C3", "C4"):
        await pacer.turn(channel, "chat.update")
    assert time.monotonic() - started >= 0.28


async def test_a_card_goes_before_a_vote_and_a_vote_before_other_progress() -> None:
    pacer = Pacer(channel_rate=Rate(per_second=10), method_rates={})
    await pacer.turn("C1", "chat.update")
    order: list[str] = []

    async def wait(name: str, *, haste: Haste) -> None:
        await pacer.turn("C1", "chat.update", haste=haste)
        order.append(name)

    async with asyncio.TaskGroup() as group:
        for name in ("progress 1", "progress 2"):
            group.create_task(wait(name, haste="later"))
        group.create_task(wait("vote", haste="soon"))
        await asyncio.sleep(0)
        group.create_task(wait("card", haste="now"))
    assert order == ["card", "vote", "progress 1", "progress 2"]


async def test_one_who_gave_up_waiting_costs_the_others_nothing() -> None:
    pacer = Pacer(channel_rate=Rate(per_second=0.5), method_rates={})
    await pacer.turn("C1", "chat.update")
    given_up = asyncio.create_task(pacer.turn("C1", "chat.update"))
    await asyncio.sleep(0)
    given_up.cancel()
    assert await turns(pacer, 1) < 3.5


async def test_who_gives_up_in_a_busy_channel_gives_the_methods_turn_back() -> None:
    pacer = Pacer(channel_rate=Rate(per_second=0.01), method_rates={"chat.startStream": Rate(per_second=0.01, burst=5)})
    await pacer.turn("C1", "chat.startStream")
    given_up = [asyncio.create_task(pacer.turn("C1", "chat.startStream")) for _ in range(4)]
    await asyncio.sleep(0)
    assert not pacer.is_free("chat.startStream")
    for task in given_up:
        task.cancel()
    await asyncio.wait(given_up)
    assert pacer.is_free("chat.startStream")


async def test_a_turn_that_is_given_back_goes_at_once_to_who_waits_for_it_and_is_not_lost_on_the_way() -> None:
    pacer = Pacer(channel_rate=Rate(per_second=0.01), method_rates={"chat.update": Rate(per_second=0.01, burst=2)})
    await pacer.turn("C1", "chat.update")
    gives_up, waits, goes = (asyncio.create_task(pacer.turn(channel, "chat.update")) for channel in ("C1", "C2", "C3"))
    await asyncio.sleep(0)
    gives_up.cancel()
    await asyncio.sleep(0)
    waits.cancel()  # it has been handed the turn, and does not know yet
    async with asyncio.timeout(60):
        await goes
    assert waits.cancelled()


async def test_after_a_429_everyone_keeps_off_the_channel() -> None:
    pacer = Pacer(channel_rate=Rate(per_second=100, burst=5), method_rates={})
    pacer.hold("C1", "chat.update", 0.3)
    assert await turns(pacer, 1) >= 0.28
    pacer.hold("C1", "chat.update", 600)
    async with asyncio.timeout(60):
        await turns(pacer, 3, channel="C2")


async def test_a_workspace_without_limits_is_not_paced() -> None:
    pacer = Pacer(channel_rate=None)
    pacer.hold("C1", "chat.update", 60)
    async with asyncio.timeout(30):
        await turns(pacer, 1000)


def test_a_rate_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="per_second above 0"):
        Rate(per_second=0)


async def test_who_clicked_does_not_wait_for_a_busy_channel_and_the_others_pay_for_it() -> None:
    pacer = Pacer(channel_rate=Rate(per_second=10), method_rates={"chat.update": Rate(per_second=10)})
    await pacer.turn("C1", "chat.update", haste="now")
    waiting = asyncio.create_task(turns(pacer, 1))
    await asyncio.sleep(0)
    started = time.monotonic()
    for _ in range(CREDIT):
        await pacer.turn("C1", "chat.update", haste="at_once")
    assert time.monotonic() - started < 0.05
    await pacer.turn("C1", "chat.update", haste="at_once")
    assert 0.5 <= time.monotonic() - started < 1
    assert not waiting.done()
    assert await waiting >= 0.6


async def test_who_clicked_waits_as_long_as_slack_asks_for() -> None:
    pacer = Pacer(channel_rate=Rate(per_second=100), method_rates={})
    pacer.hold("C1", "chat.update", 0.3)
    started = time.monotonic()
    await pacer.turn("C1", "chat.update", haste="at_once")
    assert time.monotonic() - started >= 0.28


async def test_those_who_clicked_have_their_turns_in_order() -> None:
    pacer = Pacer(channel_rate=Rate(per_second=10), method_rates={})
    order: list[int] = []

    async def click(number: int) -> None:
        await pacer.turn("C1", "chat.update", haste="at_once")
        order.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(CREDIT + 3):
            group.create_task(click(number))
        await asyncio.sleep(0.25)
        group.create_task(click(CREDIT + 3))
    assert order == [*range(CREDIT + 4)]
