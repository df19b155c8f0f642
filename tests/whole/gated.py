"""The product's worker in the test's own process, with a gate that the test keeps before and after each step."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
from temporalio import activity
from temporalio.client import Client, Interceptor
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput
from temporalio.worker import Interceptor as WorkerInterceptor

from bot.app import who_are_we
from bot.edge import slack_client
from bot.local.estate.estate import SampleEstate
from bot.local.stack import RunningStack, open_stack
from bot.local.stage import Stage
from bot.narrator.live import Narrator
from bot.pacing import Pacer
from bot.runtime import open_workbench
from bot.settings import Settings
from bot.thread import ThreadWriter
from bot.workflows.client import connect
from bot.workflows.workbench import Workbench


@dataclass(frozen=True)
class Moment:
    """A step's attempt, before it begins or after it has done everything but report."""

    step: str
    """The activity's name."""
    attempt: int
    over: bool
    input: Any
    """What the step was handed."""


@dataclass
class Gate:
    """Calls `pass_by` at every moment. What it raises is what the attempt came to."""

    pass_by: Callable[[Moment], Awaitable[None]]
    passed: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """Every attempt that was begun: the step and its number."""

    def attempts(self, step: str) -> int:
        return sum(name == step for name, _ in self.passed)


@dataclass(frozen=True)
class Works:
    """Real servers and a real workbench on them."""

    stack: RunningStack
    stage: Stage
    estate: SampleEstate
    bench: Workbench

    async def client(self, gate: Gate) -> Client:
        """Temporal's, whose workers pass this gate."""
        stack = self.stack
        plain = await connect(
            stack.settings.temporal, address=stack.temporal_address, codec_key=stack.keys.derive("codec")
        )
        config = plain.config()
        config["interceptors"] = [_Keeper(gate)]
        return Client(**config)


@asynccontextmanager
async def open_works(data_dir: Path) -> AsyncGenerator[Works]:
    """A stack of its own, without rate limits, and no bot and no worker on it."""
    settings = Settings.embedded(data_dir=data_dir)
    tasks = settings.tasks.model_copy(update={"canary_wait_seconds": 1})
    llm = settings.llm.model_copy(update={"mode": "single"})
    settings = settings.model_copy(update={"tasks": tasks, "llm": llm})
    async with AsyncExitStack() as exits:
        stack = await exits.enter_async_context(open_stack(settings))
        http = await exits.enter_async_context(aiohttp.ClientSession())
        stage = Stage(http, base=f"{stack.part('slack').address}/")
        await stage.fault(rate_limits=False)
        estate = SampleEstate(stack.estate)
        exits.push_async_callback(estate.close)
        client = slack_client(stack.settings)
        us = await who_are_we(client)
        bench = await exits.enter_async_context(
            open_workbench(
                stack.settings,
                keys=stack.keys,
                client=client,
                identity=us,
                members=stack.members,
                estate=estate,
                samples=[],
            )
        )
        writer = ThreadWriter(client, bot_id=us.bot, pacer=Pacer(channel_rate=None))
        yield Works(stack, stage, estate, replace(bench, writer=writer, narrator=Narrator(writer)))


class _Keeper(Interceptor, WorkerInterceptor):
    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Step(next, self._gate)


class _Step(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, gate: Gate) -> None:
        super().__init__(next)
        self._gate = gate

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        self._gate.passed.append((info.activity_type, info.attempt))
        await self._gate.pass_by(Moment(info.activity_type, info.attempt, over=False, input=input.args[0]))
        answer = await super().execute_activity(input)
        await self._gate.pass_by(Moment(info.activity_type, info.attempt, over=True, input=input.args[0]))
        return answer
