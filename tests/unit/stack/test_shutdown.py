"""`gavel up` as a process: Ctrl-C, `kill` and `kill -9` leave nothing behind, and the next start finds its places."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

SERVE = """
import asyncio, sys
from pathlib import Path
from bot.lifecycle import run
from bot.local.stack import open_stack
from bot.settings import Settings

async def main() -> int:
    async with open_stack(Settings.embedded(data_dir=Path(sys.argv[1]))):
        print("up", flush=True)
        await asyncio.Event().wait()
    return 0

sys.exit(run(main))
"""


@dataclass
class Up:
    process: asyncio.subprocess.Process
    children: list[psutil.Process]
    ports: dict[str, Any]


@asynccontextmanager
async def up(data: Path) -> AsyncGenerator[Up]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c", SERVE, str(data)), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"up\n"
        children = psutil.Process(process.pid).children(recursive=True)
        yield Up(process, children, json.loads(await asyncio.to_thread((data / "ports.json").read_text)))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def alive(children: list[psutil.Process]) -> list[psutil.Process]:
    _, left = psutil.wait_procs(children, timeout=5)
    return [child for child in left if child.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_every_process_in_order(tmp_path: Path, number: signal.Signals) -> None:
    async with up(tmp_path) as running:
        assert len(running.children) >= 4
        running.process.send_signal(number)
        assert await running.process.wait() == 128 + number
        assert await asyncio.to_thread(alive, running.children) == []


async def test_a_killed_stack_leaves_no_process_and_starts_again_where_it_was(tmp_path: Path) -> None:
    async with up(tmp_path) as running:
        running.process.kill()
        await running.process.wait()
        assert await asyncio.to_thread(alive, running.children) == []
    async with up(tmp_path) as again:
        assert again.ports == running.ports


async def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    async with up(tmp_path) as running:
        running.process.send_signal(signal.SIGINT)
        await asyncio.sleep(0.05)
        running.process.send_signal(signal.SIGINT)
        await asyncio.wait_for(running.process.wait(), 3)
        assert await asyncio.to_thread(alive, running.children) == []


async def test_a_signal_while_starting_leaves_nothing(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SERVE, str(tmp_path))
    parent = psutil.Process(process.pid)
    children: list[psutil.Process] = []
    for _ in range(400):
        await asyncio.sleep(0.02)
        if len(children := parent.children(recursive=True)) >= 2:
            break
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 128 + signal.SIGTERM
    assert await asyncio.to_thread(alive, children) == []
