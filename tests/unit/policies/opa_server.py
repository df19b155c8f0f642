"""A real OPA server as a child process. Without an `opa` binary the tests fail: they do not skip."""

from __future__ import annotations

import asyncio
import shutil
import socket
import time
from pathlib import Path

from tests.freezing import freeze, thaw

_LOCAL = Path(__file__).parents[3] / ".cache" / "bin" / "opa"


def opa_binary() -> str:
    found = str(_LOCAL) if _LOCAL.exists() else shutil.which("opa")
    if found is None:
        raise RuntimeError("No opa binary in .cache/bin or on PATH. Run `make opa`: these tests need the real server.")
    return found


NOBODYS_PORT = 9
"""Where nothing listens: unlike a free port, nobody else is given it."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class OpaServer:
    """`opa run --server` on a loopback port; can be stopped and started again on the same one."""

    def __init__(self, *more: str) -> None:
        """`more`: arguments of `opa run`."""
        self.port = free_port()
        self._more = more
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            opa_binary(),
            "run",
            "--server",
            "--log-level=error",
            "--disable-telemetry",
            f"--addr=127.0.0.1:{self.port}",
            *self._more,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                if time.monotonic() > deadline or self._process.returncode is not None:
                    raise
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return

    def pause(self) -> None:
        """The process is there and answers nothing."""
        freeze(self._pid)

    def resume(self) -> None:
        thaw(self._pid)

    @property
    def _pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
