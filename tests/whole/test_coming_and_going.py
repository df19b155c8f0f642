"""`gavel up` and `gavel demo` as processes: what they say when a part is away, and what they leave when they end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from bot.local.ports import Ports
from tests.whole.town import until


async def start(data: Path, command: str, **environ: str) -> asyncio.subprocess.Process:
    """With temporary files of its own, so that what is left can be seen."""
    (data / "tmp").mkdir(parents=True)
    configured = {**os.environ, "GAVEL_DATA_DIR": str(data / "data"), "TMPDIR": str(data / "tmp"), **environ}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.cli", command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=configured,
        cwd=data,
    )


def left(children: list[psutil.Process]) -> list[psutil.Process]:
    _, alive = psutil.wait_procs(children, timeout=5)
    return [child for child in alive if child.status() != psutil.STATUS_ZOMBIE]


async def test_gavel_up_at_work_ends_without_a_trace(tmp_path: Path) -> None:
    process = await start(tmp_path, "up")
    await until(lambda: _shows(tmp_path, "state", "connections"), seconds=60, what="The bot's socket")
    async with aiohttp.ClientSession() as http:
        said = {"user": "ada", "channel": "ops", "text": "@gavel production web servers have drifted, fix it"}
        async with http.post(f"{_slack(tmp_path)}local/say", json=said) as response:
            assert response.status == 200
    await until(lambda: _shows(tmp_path, "stats", "envelopes_acked"), seconds=60, what="An acknowledgement")
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 5
    process.send_signal(signal.SIGTERM)
    _, said_last = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 128 + signal.SIGTERM
    assert await asyncio.to_thread(left, children) == []
    assert b"Traceback" not in said_last, said_last.decode()[-2000:]


async def test_who_is_told_to_stop_is_not_ready_while_it_still_ends_what_it_took(tmp_path: Path) -> None:
    port = Ports(tmp_path / "operator-ports.json").take("operations")
    process = await start(tmp_path, "up", GAVEL_OPS_PORT=str(port))

    async def answered() -> int | None:
        """The status; None: nobody answers there."""
        try:
            async with http.get(f"http://127.0.0.1:{port}/readyz") as response:
                return response.status
        except aiohttp.ClientError:
            return None

    async def ready() -> bool:
        return await answered() == 200

    async with aiohttp.ClientSession() as http:
        await until(ready, seconds=60, what="Ready")
        process.send_signal(signal.SIGTERM)
        seen: list[int] = []
        while (status := await answered()) is not None:
            seen.append(status)
            await asyncio.sleep(0.01)
        await asyncio.wait_for(process.communicate(), 30)
    # What was asked before the signal arrived may have found it ready.
    draining = seen[seen.index(503) :]
    assert set(draining) == {503}
    assert len(seen) - len(draining) < 10, seen


async def test_gavel_demo_in_the_middle_of_its_play_ends_without_a_trace(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = tmp_path_factory.mktemp("demo")  # a socket's path may not be long
    process = await start(home, "demo")
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while b"asked" not in await process.stdout.readline():
            continue
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 5
    process.send_signal(signal.SIGINT)
    await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 128 + signal.SIGINT
    assert await asyncio.to_thread(left, children) == []
    assert list((home / "tmp").iterdir()) == []


KEY = {"GAVEL_SECRET_KEY": "ab" * 32}
AWAY: dict[str, tuple[dict[str, str], str]] = {
    "Temporal": (
        KEY | {"TEMPORAL_ADDRESS": "127.0.0.1:9"},
        "Temporal at 127.0.0.1:9 did not answer",
    ),
    "Slack": (
        KEY
        | {
            "SLACK_API_URL": "http://127.0.0.1:9/api/",
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_APP_TOKEN": "xapp-1",
            "GAVEL_ORG": "T1",
        },
        "Slack did not say who this bot is",
    ),
}


async def test_a_configured_part_that_is_away_at_the_start_is_told_in_a_sentence(tmp_path: Path) -> None:
    processes = {name: await start(tmp_path / name, "up", **configured) for name, (configured, _) in AWAY.items()}
    ended = await asyncio.wait_for(asyncio.gather(*(process.communicate() for process in processes.values())), 90)
    told = {name: stderr.decode() for name, (_, stderr) in zip(AWAY, ended, strict=True)}
    assert {name: process.returncode for name, process in processes.items()} == dict.fromkeys(AWAY, 2), told
    for name, (_, sentence) in AWAY.items():
        lines = [line for line in told[name].splitlines() if line.startswith("gavel: ")]
        assert len(lines) == 1, told[name]
        assert sentence in lines[0]
        assert "Traceback" not in told[name]


async def _shows(home: Path, path: str, name: str) -> bool:
    """Whether the workspace of this `gavel up` answers, and with something under `name`."""
    if "slack" not in _places(home):
        return False
    try:
        async with aiohttp.ClientSession() as http, http.get(f"{_slack(home)}local/{path}") as response:
            answer: dict[str, Any] = await response.json()
    except aiohttp.ClientError:
        return False
    return bool(answer[name])


def _slack(home: Path) -> str:
    return f"http://127.0.0.1:{_places(home)['slack']}/"


def _places(home: Path) -> dict[str, int]:
    ports = home / "data" / "ports.json"
    return json.loads(ports.read_text()) if ports.exists() else {}
