"""A town in which bots and workers die over and over, and the tasks they are killed over."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from bot.blocks.actions import APPROVE
from bot.edge import build_intake
from bot.intake import Arrival, HandOverFailed
from bot.local.estate.estate import SampleEstate
from bot.local.stage import Said, StageError
from bot.opening import open_ledger
from bot.workflows.messages import TaskResult
from bot.workflows.task import TaskWorkflow
from tests.whole.dying import SLOT, Slot
from tests.whole.effects import Death
from tests.whole.flaws import flaws_of
from tests.whole.serving import ServingRole
from tests.whole.town import Served, Town, open_town

T = TypeVar("T")

ASK = "single: production cache servers have drifted, fix it"
"""Three assets: a canary and two waves."""

CARD_SECONDS = 180


@dataclass(frozen=True)
class Graveyard:
    town: Town
    keeper: Served
    """Starts every life."""
    cradle: Path
    """Where it looks for slots."""
    slots: list[Slot] = field(default_factory=list[Slot])

    def be_born(self, name: str, deaths: Sequence[Death] = (), *, role: ServingRole = "worker", queue: str) -> Slot:
        """A bot or worker on a queue, with these deaths before it."""
        home = self.town.stack.settings.data_dir / name
        home.mkdir()
        shutil.copy(self.town.stack.estate, home / "estate.db")
        slot = Slot(name, role, queue, str(home), list(deaths))
        part = self.cradle / f"{name}.part"
        part.write_bytes(SLOT.dump_json(slot))
        part.rename(part.with_suffix(".json"))
        self.slots.append(slot)
        return slot

    async def hand_over(self, queue: str) -> tuple[Said, str]:
        """Ada's request straight to this queue, so that several bots' worth of them need one bot. The task's id."""
        stack = self.town.stack
        temporal = stack.settings.temporal.model_copy(update={"task_queue": queue})
        settings = stack.settings.model_copy(update={"temporal": temporal})
        intake = build_intake(settings, temporal=self.town.temporal, keys=stack.keys)
        said = await self.town.stage.say("ada", "ops", f"For {queue}")
        arrival = Arrival(
            org=stack.org,
            user="U0ADA00001",
            source="mention",
            channel=said.channel,
            text=ASK,
            thread_ts=said.ts,
            message_ts=said.ts,
            unique=said.ts,
        )
        while True:
            try:
                return said, await intake.accept(arrival)
            except HandOverFailed:
                await asyncio.sleep(1)  # as Slack sends again what nobody acknowledged

    async def approve(self, said: Said) -> None:
        """Grace clicks when there is a card, and again for as long as nobody answers her and she can."""
        stage = self.town.stage
        card = await stage.until(said, "grace", has=f"'{APPROVE}'", seconds=CARD_SECONDS, what="The plan card")
        while any(message["ts"] == card["ts"] and APPROVE in str(message) for message in await self._thread(said)):
            try:
                await stage.click("grace", said.channel, card["ts"], APPROVE)
            except StageError:
                await asyncio.sleep(0.5)
            else:
                return

    async def _thread(self, said: Said) -> list[dict[str, Any]]:
        return await self.town.stage.thread(said, "grace")

    async def result(self, task: str) -> TaskResult:
        return await self.town.temporal.get_workflow_handle_for(TaskWorkflow.run, task).result()

    async def flaws(self, said: Said, result: TaskResult, worker: Slot) -> list[str]:
        """What is wrong with a task that this worker did."""
        estate = SampleEstate(worker.estate)
        async with AsyncExitStack() as exits:
            exits.push_async_callback(estate.close)
            ledger = await open_ledger(exits, worker.settings(self.town.stack.settings), self.town.stack.keys)
            return await flaws_of(self.town, said, result, estate=estate, ledger=ledger)

    async def while_kept(self, work: Coroutine[Any, Any, T]) -> T:
        """The work's result, unless a life ended that should not have: then what it said."""
        working, ended = asyncio.create_task(work), asyncio.create_task(self.keeper.process.wait())
        await asyncio.wait({working, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            working.cancel()
            raise AssertionError(self.keeper.log.read_text()[-4000:])
        ended.cancel()
        return await working


@asynccontextmanager
async def open_graveyard(data_dir: Path) -> AsyncGenerator[Graveyard]:
    """Without Slack's rate limits and with one model for each task: what is tested is who does what, and how often."""
    cradle = data_dir / "cradle"
    cradle.mkdir()
    async with open_town(data_dir / "town", LLM_MODE="single") as town:
        await town.stage.fault(rate_limits=False)
        keeper = await town.serve("worker", module="tests.whole.dying", DYING=str(cradle))
        yield Graveyard(town, keeper, cradle)
