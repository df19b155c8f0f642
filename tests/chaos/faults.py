"""What goes wrong, how often, and for how long."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import aiohttp

from bot.local.errors import StackError
from bot.local.stage import StageError
from tests.chaos.arena import CAST, LINKED, SERVERS, Arena, Linked, Server

FULL_DISK_BYTES = 4096
"""Beyond this no file can be written: none that matters is as small."""

SKEWS = (-600.0, -90.0, -5.0, 5.0, 90.0, 600.0)
"""Seconds that a process's clock is ahead."""

Dice = random.Random
Fault = Callable[[Arena, Dice], Awaitable[None]]
"""Makes something go wrong and puts it right again, unless it rights itself."""


async def _killed(name: str, arena: Arena, dice: Dice) -> None:
    arena.cast.send(name, signal.SIGKILL)


async def _ended(name: str, arena: Arena, dice: Dice) -> None:
    """As a deployment does it: what is at work hands over and goes."""
    arena.cast.send(name, signal.SIGTERM)


async def _all_killed(arena: Arena, dice: Dice) -> None:
    for name, _ in CAST:
        arena.cast.send(name, signal.SIGKILL)


async def _paused(name: str, arena: Arena, dice: Dice) -> None:
    """As a machine that is moved to another host: it goes on later and believes that no time has passed."""
    pid = arena.cast.pids.get(name)
    if arena.cast.send(name, signal.SIGSTOP):
        await asyncio.sleep(dice.uniform(0.5, 6))
        if arena.cast.pids.get(name) == pid:
            arena.cast.send(name, signal.SIGCONT)


async def _server_killed(server: Server, arena: Arena, dice: Dice) -> None:
    await arena.away(server, seconds=dice.choice((0, 0.5, 2, 4)))


async def _server_frozen(server: Server, arena: Arena, dice: Dice) -> None:
    arena.freeze(server)
    try:
        await asyncio.sleep(dice.uniform(0.5, 5))
    finally:
        arena.thaw(server)


async def _cut(name: Linked, arena: Arena, dice: Dice) -> None:
    arena.links[name].cut()


async def _linked(name: Linked, state: str, arena: Arena, dice: Dice) -> None:
    link = arena.links[name]
    if state == "slow":
        link.set("slow")
    elif state == "stalled":
        link.set("stalled")
    else:
        link.set("down")
    try:
        await asyncio.sleep(dice.uniform(0.5, 5))
    finally:
        link.set("sound")


async def _slack(arena: Arena, dice: Dice, **faults: object) -> None:
    await arena.town.stage.fault(**faults)


async def _slack_slow(arena: Arena, dice: Dice) -> None:
    await arena.town.stage.fault(slow_seconds=dice.uniform(0.2, 1.5))
    try:
        await asyncio.sleep(3)
    finally:
        await arena.town.stage.fault(slow_seconds=0)


async def _slack_disorderly(arena: Arena, dice: Dice) -> None:
    await arena.town.stage.fault(twice=True, out_of_order=True)
    try:
        await asyncio.sleep(4)
    finally:
        await arena.town.stage.fault(twice=False, out_of_order=False)


async def _models(kind: str, arena: Arena, dice: Dice) -> None:
    fault = {"kind": kind, "count": dice.randint(1, 4), "seconds": 2}
    url = f"{arena.town.stack.part('llm').address}/local/faults"
    async with arena.town.stage.http.post(url, json=fault) as response:
        response.raise_for_status()


async def _disk_full(name: str, arena: Arena, dice: Dice) -> None:
    arena.cast.limit_files(name, FULL_DISK_BYTES)
    try:
        await asyncio.sleep(dice.uniform(1, 4))
    finally:
        arena.cast.limit_files(name, -1)


async def _skewed(name: str, arena: Arena, dice: Dice) -> None:
    """Its next life has another time than the others; the life after that does not."""
    arena.cast.skews[name] = dice.choice(SKEWS)
    arena.cast.send(name, signal.SIGKILL)


def catalogue() -> dict[str, list[Fault]]:
    """Kind → its variants. A kind is drawn first, then a variant, so that none is drowned by many of another."""
    names = [name for name, _ in CAST]
    return {
        "bot or worker killed": [partial(_killed, name) for name in names],
        "all bots and workers killed": [_all_killed],
        "bot or worker asked to end": [partial(_ended, name) for name in names],
        "bot or worker paused": [partial(_paused, name) for name in names],
        "clock skewed": [partial(_skewed, name) for name in names],
        "disk full": [partial(_disk_full, name) for name in names],
        **{f"{server} killed": [partial(_server_killed, server)] for server in SERVERS},
        **{f"{server} frozen": [partial(_server_frozen, server)] for server in SERVERS},
        "connections cut": [partial(_cut, name) for name in LINKED],
        "link down": [partial(_linked, name, "down") for name in LINKED],
        "link slow": [partial(_linked, name, "slow") for name in LINKED],
        "link stalled": [partial(_linked, name, "stalled") for name in LINKED],
        "slack refuses (429, 500)": [
            partial(_slack, rate_limited_seconds=4.0),
            partial(_slack, errors_seconds=3.0),
            partial(_slack, fail_next=3),
        ],
        "slack loses answers or acknowledgements": [
            partial(_slack, lose_next_answers=2),
            partial(_slack, lose_next_acks=2),
        ],
        "slack drops sockets": [
            partial(_slack, drop_sockets=True),
            partial(_slack, disconnect="refresh_requested"),
        ],
        "slack slow": [_slack_slow],
        "slack delivers twice and out of order": [_slack_disorderly],
        "models fail": [
            partial(_models, kind) for kind in ("slow", "status_429", "status_500", "cut_stream", "invalid_json")
        ],
    }


@dataclass
class Weather:
    """Draws faults until there were enough. Several are at work at a time."""

    arena: Arena
    dice: Dice
    at_once: int = 2
    pause_seconds: tuple[float, float] = (0.3, 2.0)
    count: Counter[str] = field(default_factory=Counter[str])
    broken: list[str] = field(default_factory=list[str])
    """What the harness itself could not do. There must be nothing."""

    async def rage(self, faults: int) -> None:
        """Returns when so many faults were made and righted."""
        kinds, drawn = catalogue(), list[str]()
        room, locks = asyncio.Semaphore(self.at_once), dict[str, asyncio.Lock]()
        async with asyncio.TaskGroup() as group:
            for _ in range(faults):
                if not drawn:
                    drawn = list(kinds)
                    self.dice.shuffle(drawn)
                kind = drawn.pop()
                await room.acquire()
                about = kind.split()[0]
                lock = locks.setdefault(about, asyncio.Lock())
                fault, dice = self.dice.choice(kinds[kind]), Dice(self.dice.random())
                group.create_task(self._make(kind, fault, dice, lock)).add_done_callback(lambda _: room.release())
                await asyncio.sleep(self.dice.uniform(*self.pause_seconds))

    async def _make(self, kind: str, fault: Fault, dice: Dice, lock: asyncio.Lock) -> None:
        async with lock:  # of two faults of one server the second waits
            self._note("makes", kind, fault)
            try:
                await fault(self.arena, dice)
            except (aiohttp.ClientError, StageError, TimeoutError):
                return  # what it was to be made with is away itself: no fault was made
            except StackError as error:
                self.broken.append(f"{kind}: {error}")
                return
        self.count[kind] += 1
        self._note("made", kind, fault)

    def _note(self, what: str, kind: str, fault: Fault) -> None:
        """For whoever looks for the cause of a breach: what failed when."""
        given = str(getattr(fault, "args", "")) + str(getattr(fault, "keywords", ""))
        pids = dict(self.arena.cast.pids)
        with (self.arena.log.parent / "faults.log").open("a") as file:
            file.write(f"{datetime.now(UTC).isoformat()} {what} {kind} {given} {pids}\n")

    async def clear(self) -> None:
        """All is well from now on."""
        for link in self.arena.links.values():
            link.set("sound")
        for name, _ in CAST:
            self.arena.cast.limit_files(name, -1)
            self.arena.cast.send(name, signal.SIGCONT)
        for server in SERVERS:
            self.arena.thaw(server)
        await _again(lambda: self.arena.town.stage.fault(clear=True))
        await _again(self.arena.slack_as_it_was)
        url = f"{self.arena.town.stack.part('llm').address}/local/faults"
        await _again(lambda: self._forget(url))

    async def _forget(self, url: str) -> None:
        async with self.arena.town.stage.http.delete(url) as response:
            response.raise_for_status()


async def _again(work: Callable[[], Awaitable[object]]) -> None:
    for _ in range(40):
        try:
            await work()
        except (aiohttp.ClientError, StageError, TimeoutError):
            await asyncio.sleep(0.5)
        else:
            return
    await work()


@asynccontextmanager
async def raging(weather: Weather, faults: int) -> AsyncGenerator[asyncio.Task[None]]:
    """While it rages. All is well again afterwards."""
    raging = asyncio.create_task(weather.rage(faults))
    try:
        yield raging
        await raging
    finally:
        raging.cancel()
        await asyncio.gather(raging, return_exceptions=True)
        await weather.clear()
