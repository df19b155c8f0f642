"""A server that is a program ends with the worker, however the worker ends."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

HOSTILE = Path(__file__).with_name("hostile_server.py")
WORKER = """
import asyncio, json, os, sys
from bot.mcp_servers import server_tools
from bot.settings_mcp import McpSettings

async def main():
    settings = McpSettings.model_validate(json.loads(sys.argv[1]))
    async with server_tools(settings, os.environ) as tools:
        print(*[tool.name for tool in tools], flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def gone(process: psutil.Process) -> None:
    """Returns when it is. Nobody need collect what is left of it."""
    with suppress(psutil.NoSuchProcess):
        while process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.05)


async def test_a_killed_worker_takes_its_servers_along_even_deaf_ones() -> None:
    tools = {"find": {"risk": "read_only", "agents": ["incident"]}}
    server = {"transport": "stdio", "command": sys.executable, "args": [str(HOSTILE), "silence"], "start_seconds": 60}
    settings = json.dumps({"servers": {"deaf": {**server, "tools": tools}}})
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, settings, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert worker.stdout is not None
        assert (await worker.stdout.readline()).decode().strip() == "mcp__deaf__find"
        [child] = psutil.Process(worker.pid).children(recursive=True)
        assert "silence" in child.cmdline()
    finally:
        worker.kill()
        await worker.wait()
    await asyncio.to_thread(gone, child)
