"""The whole product on real servers, each of which can be killed, frozen, cut off or slowed; and its people."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import unquote, urlsplit

import psutil

from bot.keys import KEY_FILE
from bot.settings import TemporalSettings
from tests.chaos.link import Link, Reach, open_link
from tests.chaos.lives import BIRTH, WORD, Birth
from tests.whole.serving import READY, ServingRole
from tests.whole.town import Town, open_town

Server = Literal["slack", "temporal", "opa", "redis", "llm"]
SERVERS: tuple[Server, ...] = get_args(Server)

Linked = Literal["temporal", "opa", "redis"]
LINKED: tuple[Linked, ...] = get_args(Linked)

CAST: tuple[tuple[str, ServingRole], ...] = (
    ("bot-1", "bot"),
    ("bot-2", "bot"),
    ("worker-1", "worker"),
    ("worker-2", "worker"),
)
"""Who serves. Each comes to life again after each death."""

DELIVERY = {"retry_seconds": [0.5] * 400}
"""Slack delivers again soon and for long: what it gives up is lost by Slack, and not what is looked for here."""


@dataclass
class Cast:
    """The bots and workers, over all their lives."""

    process: asyncio.subprocess.Process
    pids: dict[str, int] = field(default_factory=dict[str, int])
    deaths: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """Name and status, as `waitpid` has it."""
    expected: set[str] = field(default_factory=set[str])
    """Who was killed by us and has not died yet."""
    serving: set[str] = field(default_factory=set[str])
    stillborn: int = 0
    """Lives that ended before they served, because a server that they need was away: they say so and end."""
    unasked: list[str] = field(default_factory=list[str])
    """Deaths of who served that nobody caused. There must be none."""
    roles: dict[str, ServingRole] = field(default_factory=dict[str, ServingRole])
    skews: dict[str, float] = field(default_factory=dict[str, float])
    """Of the next life only: how far its clock is ahead. Seconds."""
    closing: bool = False
    following: asyncio.Task[None] | None = None

    def be_born(self, name: str) -> None:
        assert self.process.stdin is not None
        birth = Birth(name, self.roles[name], self.skews.pop(name, 0))
        self.process.stdin.write(BIRTH.dump_json(birth) + b"\n")

    def begin_following(self) -> asyncio.Task[None]:
        self.following = asyncio.create_task(self._follow())
        return self.following

    async def _follow(self) -> None:
        """Keep the lists, and let nobody stay dead."""
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            word = WORD.validate_json(line)
            if word.what == "born":
                self.pids[word.name] = word.pid
                continue
            if word.what == "serves":
                self.serving.add(word.name)
                continue
            del self.pids[word.name]
            self.deaths.append((word.name, word.status))
            if word.name not in self.expected and not self.closing:
                if word.name in self.serving:
                    self.unasked.append(f"{word.name} served and ended by itself with status {word.status}")
                else:
                    self.stillborn += 1
            self.expected.discard(word.name)
            self.serving.discard(word.name)
            if not self.closing:
                self.be_born(word.name)

    def send(self, name: str, number: signal.Signals) -> bool:
        """Whether there was somebody to send it to."""
        pid = self.pids.get(name)
        if pid is None:
            return False
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.expected.add(name)
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        return True

    def limit_files(self, name: str, most_bytes: int) -> None:
        """No file of this process grows beyond this from now on, as on a disk that is full. -1: no limit."""
        pid = self.pids.get(name)
        if pid is not None:
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (most_bytes, -1))


@dataclass(frozen=True)
class Arena:
    town: Town
    cast: Cast
    links: dict[Linked, Link]
    log: Path
    """What the bots and workers wrote to stderr."""

    def kill(self, server: Server) -> None:
        """`kill -9` of one server and all it started."""
        self._signal(server, signal.SIGKILL)

    def freeze(self, server: Server) -> None:
        self._signal(server, signal.SIGSTOP)

    def thaw(self, server: Server) -> None:
        self._signal(server, signal.SIGCONT)

    def _signal(self, server: Server, number: signal.Signals) -> None:
        pid = self.town.stack.processes.pids.get(server)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.killpg(pid, number)

    async def away(self, server: Server, *, seconds: float) -> None:
        """Killed, and started again after a while."""
        self.kill(server)
        await self.town.stack.processes.halt(server)
        await asyncio.sleep(seconds)
        await self.town.stack.processes.resume(server)
        if server == "slack":
            await self.slack_as_it_was()

    async def slack_as_it_was(self) -> None:
        """What the workspace forgets when it is started again."""
        await self.town.stage.fault(rate_limits=False)
        await self.town.stage.delivery(**DELIVERY)

    async def amiss(self, *, seconds: float) -> list[str]:
        """Who does not serve, or hear, although nothing fails any more and so many seconds have passed."""
        deadline = asyncio.get_running_loop().time() + seconds
        bots = sum(role == "bot" for _, role in CAST)
        while True:
            if self.cast.following and self.cast.following.done():
                await self.cast.following  # it should go on for ever
            url = f"{self.town.stage.base}local/state"
            async with self.town.stage.http.get(url) as response:
                connections = (await response.json())["connections"]
            absent = [name for name, _ in CAST if name not in self.cast.serving]
            problems = [f"{name} does not serve" for name in absent]
            if connections < bots:
                problems.append(f"{connections} of {bots} bots are connected")
            if not problems or asyncio.get_running_loop().time() > deadline:
                return problems
            await asyncio.sleep(0.2)

    async def stacks(self) -> None:
        """Let every bot and worker write into the log where it is, for whoever looks for the cause."""
        for name, pid in self.cast.pids.items():
            with suppress(psutil.NoSuchProcess), self.log.open("a") as file:
                state = psutil.Process(pid).status()
                file.write(f"{name}, process {pid}, {state}, serves: {name in self.cast.serving}\n")
            self.cast.send(name, signal.SIGUSR1)
            await asyncio.sleep(0.3)


@asynccontextmanager
async def open_arena(data_dir: Path, **environ: str) -> AsyncGenerator[Arena]:
    """With the product between links to Temporal, OPA and Redis. Slack's rate limits are off: others test them."""
    async with open_town(data_dir, LLM_MODE="single", **environ) as town, AsyncExitStack() as exits:
        links: dict[Linked, Link] = {}
        for name, reach in _reached(town).items():
            links[name] = await exits.enter_async_context(open_link(reach))
        temporal: TemporalSettings = town.stack.settings.temporal
        data = town.stack.settings.data_dir
        env = {
            **town.environ,
            "GAVEL_SECRET_KEY": (data / KEY_FILE).read_text().strip(),
            "TEMPORAL_ADDRESS": f"127.0.0.1:{links['temporal'].port}",
            "TEMPORAL_TLS": "false",
            "TEMPORAL_NAMESPACE": temporal.namespace,
            "OPA_URL": f"http://127.0.0.1:{links['opa'].port}",
            "REDIS_URL": f"redis://127.0.0.1:{links['redis'].port}",
        }
        log = data_dir / "cast.log"
        with log.open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.chaos.lives", "both", str(data)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
                env=env,
            )
        cast = Cast(process, roles=dict(CAST))
        exits.push_async_callback(_end, cast)
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        assert line.decode().strip() == READY, log.read_text()
        exits.callback(cast.begin_following().cancel)
        arena = Arena(town, cast, links, log)
        await arena.slack_as_it_was()
        for name, _ in CAST:
            cast.be_born(name)
        if amiss := await arena.amiss(seconds=90):
            await arena.stacks()
            raise AssertionError(f"{amiss}\n{log.read_text()}")
        yield arena


async def _end(cast: Cast) -> None:
    cast.closing = True
    if cast.process.returncode is None:
        cast.process.kill()  # every life ends with it
    await cast.process.wait()


def _reached(town: Town) -> dict[Linked, Reach]:
    host, _, port = town.stack.temporal_address.rpartition(":")
    opa = urlsplit(str(town.stack.settings.opa.url))
    redis = unquote(town.stack.redis_url.removeprefix("unix://").partition("?")[0])
    return {
        "temporal": partial(asyncio.open_connection, host, int(port)),
        "opa": partial(asyncio.open_connection, opa.hostname, opa.port),
        "redis": partial(asyncio.open_unix_connection, redis),
    }
