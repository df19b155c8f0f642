"""The whole product as it runs: the embedded servers here, the bot and the workers in processes that can be killed."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr, TypeAdapter
from temporalio.client import Client

from bot.ledger.ledger import Ledger
from bot.local.estate.estate import SampleEstate
from bot.local.stack import RunningStack, open_stack
from bot.local.stage import Stage
from bot.opening import open_ledger
from bot.settings import Settings
from bot.workflows.client import connect
from bot.workflows.messages import Proposal, TaskState
from bot.workflows.task import TaskWorkflow
from tests.whole.serving import READY, ServingRole
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerKind

_BODY = TypeAdapter(JsonObject)

CONFIGURATION = ("SLACK_", "TEMPORAL_", "OPA_", "REDIS_", "DATABASE_", "LLM_", "GAVEL_", "AWS_", "OLLAMA_", "AZURE_")
KEYS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")

QUICK: Mapping[str, str] = {
    "GAVEL_TASKS_CANARY_WAIT_SECONDS": "1",
    "GAVEL_ALERTS_GROUP_SECONDS": "0.5",
    "GAVEL_LOG_LEVEL": "warning",
    "LLM_PROVIDER": "rehearsal",
}


def unconfigured(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without anything that configures Gavel or reaches a real model."""
    return {name: value for name, value in environ.items() if not name.startswith(CONFIGURATION) and name not in KEYS}


@dataclass(frozen=True)
class Served:
    """A bot, a worker or both, in one process."""

    process: asyncio.subprocess.Process
    log: Path
    """What it wrote to stderr."""

    async def kill(self) -> None:
        """`kill -9`: nothing is drained, nothing is reported."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def ended(self, *, seconds: float) -> int:
        """The exit status of a process that ends by itself. Raises TimeoutError."""
        return await asyncio.wait_for(self.process.wait(), seconds)


@dataclass(frozen=True)
class Town:
    """A stack, its people and its records. Start the product in it with :meth:`serve`."""

    stack: RunningStack
    stage: Stage
    temporal: Client
    ledger: Ledger
    estate: SampleEstate
    exits: AsyncExitStack
    environ: Mapping[str, str]

    async def bodies(self, task: str, kind: LedgerKind) -> list[JsonObject]:
        """What the ledger says of a task, in order."""
        entries = await self.ledger.show(self.stack.org, task_id=task, kind=kind, limit=1000)
        return [_BODY.validate_json(entry.body) for entry in entries]

    async def proposal(self, task: str) -> Proposal:
        """The plan on offer."""
        state: TaskState = await self.temporal.get_workflow_handle_for(TaskWorkflow.run, task).query(
            TaskWorkflow.task_state
        )
        assert state.proposal is not None
        return state.proposal

    async def serve(self, role: ServingRole, *, module: str = "tests.whole.serving", **environ: str) -> Served:
        """Start a process and wait until it serves. It is killed at the end of the town, if it still runs.

        `module` may be another entry point that takes the same arguments and prints the same line.
        """
        data = self.stack.settings.data_dir
        log = data / f"served-{role}-{len(list(data.glob('served-*')))}.log"
        with log.open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", module, role, str(data)),
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
                env={**self.environ, **environ},
            )
        served = Served(process, log)
        self.exits.push_async_callback(served.kill)
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        assert line.decode().strip() == READY, f"{role} did not come up:\n{log.read_text()}"
        return served


@asynccontextmanager
async def open_town(data_dir: Path, *, database: str = "", **environ: str) -> AsyncGenerator[Town]:
    """A town of its own in `data_dir`. `environ` configures the product's processes, by the names users set.

    `database`: the URL of a database without a table that it keeps its records in; empty: SQLite's.
    """
    settings = Settings.embedded(data_dir=data_dir)
    env = {**unconfigured(os.environ), **QUICK, **environ, "GAVEL_DATA_DIR": str(data_dir)}
    if database:
        # Records that others share want a key that they share.
        key, place = secrets.token_hex(32), settings.database.model_copy(update={"url": SecretStr(database)})
        settings = settings.model_copy(update={"database": place, "secret_key": SecretStr(key)})
        env |= {"DATABASE_URL": database, "GAVEL_SECRET_KEY": key}
    async with AsyncExitStack() as exits:
        stack = await exits.enter_async_context(open_stack(settings))
        http = await exits.enter_async_context(aiohttp.ClientSession())
        estate = SampleEstate(stack.estate)
        exits.push_async_callback(estate.close)
        codec_key = stack.keys.derive("codec")
        yield Town(
            stack=stack,
            stage=Stage(http, base=f"{stack.part('slack').address}/"),
            temporal=await connect(stack.settings.temporal, address=stack.temporal_address, codec_key=codec_key),
            ledger=await open_ledger(exits, stack.settings, stack.keys),
            estate=estate,
            exits=exits,
            environ=env,
        )


async def until(condition: Callable[[], Awaitable[Any]], *, seconds: float, what: str) -> None:
    """Wait until `condition` holds. Raises AssertionError naming `what` after `seconds`."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await condition():
        assert asyncio.get_running_loop().time() < deadline, f"{what}: not within {seconds:g} s"
        await asyncio.sleep(0.05)
