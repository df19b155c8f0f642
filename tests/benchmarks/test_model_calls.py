"""What a model call costs above bare litellm's, against an endpoint that answers at once."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from agents.orchestrator.chat import ChatRequest, Member
from agents.orchestrator.request_body import request_body
from tests.benchmarks.figures import held, percentile, spread
from tests.unit.orchestrator.parts import request
from tests.unit.runtime.test_wiring import workbench

pytestmark = pytest.mark.benchmark

CALLS = 300
AT_ONCE = 50

Call = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Calls:
    ours: Call
    """As a worker makes it: its key looked up, breaker, retries, budget, a row and a ledger entry for each."""
    bare: Call


def asked(key: str) -> ChatRequest:
    return replace(request(key=key), prompt_id="meta_prompt")


@asynccontextmanager
async def calls(tmp_path: Path) -> AsyncGenerator[Calls]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.benchmarks.endpoint"),
        cwd=Path(__file__).parents[2],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with AsyncExitStack() as exits:
        exits.push_async_callback(process.wait)
        exits.callback(process.kill)
        base = (await process.stdout.readline()).decode().strip()
        member = Member("Instant", "openai/instant", family="instant", api_base=base, api_key="k")
        bench = await exits.enter_async_context(workbench(tmp_path, members=[member]))
        client = bench.meta_prompt.client
        await client.chat(member, asked("warm"))
        bare: Any = importlib.import_module("litellm").acompletion
        arguments, numbers = request_body(member, request()), itertools.count()
        yield Calls(
            ours=lambda: client.chat(member, asked(f"k{next(numbers)}")),
            bare=lambda: bare(**arguments),
        )


async def _milliseconds(call: Call) -> float:
    started = time.perf_counter()
    await call()
    return 1000 * (time.perf_counter() - started)


async def _a_second(call: Call) -> float:
    """Calls finished a second, with :data:`AT_ONCE` under way at any time."""
    left = iter(range(10 * AT_ONCE))

    async def one_after_the_other() -> None:
        for _ in left:
            await call()

    started = time.perf_counter()
    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    return 10 * AT_ONCE / (time.perf_counter() - started)


async def test_model_call_overhead(tmp_path: Path) -> None:
    async with calls(tmp_path) as made:
        for _ in range(20):
            await made.ours()
            await made.bare()
        ours: list[float] = []
        bare: list[float] = []
        for _ in range(CALLS):
            ours.append(await _milliseconds(made.ours))
            bare.append(await _milliseconds(made.bare))
    more = percentile(ours, 50) - percentile(bare, 50)
    beside = f"{spread(ours)}; bare litellm {spread(bare)}"
    held(
        "A model call above bare litellm's, p50", more, unit="ms", bound=5, chosen="model_call_overhead", beside=beside
    )


async def test_model_call_throughput(tmp_path: Path) -> None:
    async with calls(tmp_path) as made:
        await _a_second(made.ours)
        await _a_second(made.bare)
        rounds = [(await _a_second(made.ours), await _a_second(made.bare)) for _ in range(3)]
    ratio = percentile([ours / bare for ours, bare in rounds], 50)
    beside = ", ".join(f"{ours:.0f} and {bare:.0f} a second" for ours, bare in rounds)
    held(
        f"Model calls finished a second, {AT_ONCE} at once, ÷ bare litellm's",
        ratio,
        unit="",
        bound=0.6,
        kind="at least",
        chosen="model_call_throughput",
        beside=beside,
    )
