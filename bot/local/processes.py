"""Child processes that answer before they count as started, come back when they crash, and end with this process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import structlog

from bot.local.errors import StackError
from bot.local.files import tail

EXEC_CHILD = Path(__file__).with_name("exec_child.py")

LOG_BYTES = 5 * 1024 * 1024
"""A log that is larger at a start is put aside as `NAME.log.1`, over the one before."""

PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "LD_LIBRARY_PATH")
"""All that a child gets of this process's environment: no provider's key, no Slack token, no master key."""

CRASHES_FORGIVEN = 5
CRASH_WINDOW_SECONDS = 60.0


class NotReady(Exception):
    """A probe's answer while the server is still starting. Says what was wrong the last time."""


Probe = Callable[[], Awaitable[None]]
"""Really asks the server; returns when it answered rightly, raises :class:`NotReady` otherwise."""


@dataclass(frozen=True)
class Command:
    """What to run, and how to know that it runs."""

    name: str
    argv: list[str]
    """The program by its absolute path, and its arguments."""
    directory: Path
    """Its working directory and HOME: it reads no configuration of the user's."""
    log: Path
    """Where its output goes."""
    ready: Probe
    ready_seconds: float = 20
    stop_seconds: float = 3
    """From SIGTERM to SIGKILL."""
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    """Added to :data:`PASSED_ON`."""


class Child:
    """One running command. Make it with :meth:`start`."""

    def __init__(self, command: Command, process: asyncio.subprocess.Process, *, log_start: int) -> None:
        self.command = command
        self._process = process
        self._log_start = log_start

    @classmethod
    async def start(cls, command: Command) -> Child:
        """Start it and wait until it answers. Raises :class:`StackError`; then nothing of it is left running."""
        log = await asyncio.to_thread(_open_log, command)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(EXEC_CHILD), str(os.getpid()), *command.argv),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=command.directory,
                env=_environment(command),
                # A terminal's Ctrl-C is for the parent, which then ends its children in order.
                start_new_session=True,
            )
        finally:
            start = log.tell()
            log.close()
        child = cls(command, process, log_start=start)
        try:
            await child._answered()
        except BaseException:
            await child.stop()
            raise
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    async def wait(self) -> int:
        """Until it ends by itself or by :meth:`stop`; its exit status."""
        return await self._process.wait()

    async def stop(self) -> None:
        """End it and all it started: SIGTERM, then after `stop_seconds` SIGKILL. Returns when it is gone."""
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.wait(), self.command.stop_seconds)
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await self.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:
                return  # it has just ended, and its status is about to be read

    async def said(self) -> str:
        """The last lines of its log since this start."""
        return await asyncio.to_thread(tail, self.command.log, start=self._log_start)

    async def _answered(self) -> None:
        ended = asyncio.create_task(self.wait())
        answers = asyncio.create_task(self._ask_until_ready())
        try:
            await asyncio.wait(
                {ended, answers}, timeout=self.command.ready_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if answers.done():
                return answers.result()
            happened = (
                f"ended with status {ended.result()} while starting"
                if ended.done()
                else f"did not answer within {self.command.ready_seconds:g} s"
            )
        finally:
            ended.cancel()
            answers.cancel()
            await asyncio.gather(ended, answers, return_exceptions=True)
        said = await self.said()
        raise StackError(
            f"The embedded {self.command.name} {happened}. Its log is {self.command.log}"
            + (f", which ends with:\n{said}" if said else " (empty).")
        )

    async def _ask_until_ready(self) -> None:
        pause = 0.02
        while True:
            try:
                return await self.command.ready()
            except NotReady:
                await asyncio.sleep(pause)
                pause = min(pause * 1.3, 0.25)


class Processes:
    """The children of one stack, by name. A child that crashes is started again, with the same command."""

    def __init__(self) -> None:
        self._children: dict[str, Child] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._commands: dict[str, Command] = {}
        self._log = structlog.get_logger("gavel.local")

    @property
    def pids(self) -> dict[str, int]:
        """Name → process id of what runs now."""
        return {name: child.pid for name, child in self._children.items()}

    async def start(self, command: Command) -> None:
        """Raises :class:`StackError` when it does not come up."""
        child = await Child.start(command)
        self._commands[command.name] = command
        self._children[command.name] = child
        self._keepers[command.name] = asyncio.create_task(self._keep(command), name=f"keep {command.name}")

    async def halt(self, name: str) -> None:
        """Stop one child and leave it stopped, as in an outage. :meth:`resume` starts it again."""
        await self._dismiss(name)

    async def resume(self, name: str) -> None:
        await self.start(self._commands[name])

    async def stop(self) -> None:
        """End all of them at once. Returns when they are gone."""
        await asyncio.gather(*(self._dismiss(name) for name in list(self._keepers)))

    async def _dismiss(self, name: str) -> None:
        keeper = self._keepers.pop(name)
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        child = self._children.pop(name, None)
        if child is not None:
            await child.stop()

    async def _keep(self, command: Command) -> None:
        crashes: deque[float] = deque(maxlen=CRASHES_FORGIVEN)
        while True:
            child = self._children[command.name]
            status = await child.wait()
            crashes.append(time.monotonic())
            often = len(crashes) == CRASHES_FORGIVEN and crashes[-1] - crashes[0] < CRASH_WINDOW_SECONDS
            self._log.error(
                f"The embedded {command.name} ended by itself; "
                + ("it does so again and again and stays down. Restart gavel." if often else "it is started again."),
                status=status,
                log=str(command.log),
                said=await child.said(),
            )
            del self._children[command.name]
            if often:
                return
            try:
                self._children[command.name] = await Child.start(command)
            except StackError as error:
                self._log.warning(f"{error} It stays down. Restart gavel.")
                return


def _environment(command: Command) -> dict[str, str]:
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**kept, "HOME": str(command.directory), **command.env}


def _open_log(command: Command) -> BinaryIO:
    command.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    command.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if command.log.exists() and command.log.stat().st_size > LOG_BYTES:
        command.log.replace(command.log.with_name(f"{command.log.name}.1"))
    log = command.log.open("ab")
    log.seek(0, os.SEEK_END)
    return log
