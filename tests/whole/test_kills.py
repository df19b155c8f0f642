from __future__ import annotations

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import AsyncGenerator, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot.blocks.actions import APPROVE
from bot.intake import Arrival, HandOverFailed, Intake
from bot.local.estate.estate import SampleEstate
from bot.local.stage import Said
from bot.runtime import build_intake, open_ledger
from bot.workflows.messages import TaskResult
from bot.workflows.task import TaskWorkflow
from tests.whole.deaths import deaths_at, deaths_in, effects_in, shared_out
from tests.whole.dying import SLOT, Slot
from tests.whole.effects import Death
from tests.whole.town import Served, Town, open_town, unconfigured

T = TypeVar("T")

TASKS = 14
"""Tasks that share the worker's deaths, all at once."""

KEYS = ["acknowledgement", "card:r1", "outcome", "progress:r1", "run:r1"]
"""Of the durable messages of a task that goes well."""


@dataclass
class Graveyard:
    """A town and the process that brings its slots to life."""

    town: Town
    keeper: Served
    cradle: Path

    def be_born(self, name: str, deaths: Sequence[Death]) -> Slot:
        home = self.town.stack.settings.data_dir / name
        home.mkdir()
        shutil.copy(self.town.stack.estate, home / "estate.db")
        slot = Slot(name, "worker", str(home), list(deaths))
        part = self.cradle / f"{name}.part"
        part.write_bytes(SLOT.dump_json(slot))
        part.rename(part.with_suffix(".json"))
        return slot

    async def while_kept(self, work: Coroutine[Any, Any, T]) -> T:
        """The work's result, unless the process that starts every life ends: then why it did."""
        working, ended = asyncio.create_task(work), asyncio.create_task(self.keeper.process.wait())
        await asyncio.wait({working, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            working.cancel()
            raise AssertionError(self.keeper.log.read_text()[-4000:])
        ended.cancel()
        return await working


@pytest.fixture(scope="module")
async def graveyard(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Graveyard]:
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - set(unconfigured(os.environ)):
            patch.delenv(name)
        async with open_town(tmp_path_factory.mktemp("kills"), LLM_MODE="single") as town:
            await town.stage.fault(rate_limits=False)
            cradle = tmp_path_factory.mktemp("cradle")
            _, keeper = await asyncio.gather(
                town.serve("bot"), town.serve("worker", module="tests.whole.dying", DYING=str(cradle))
            )
            yield Graveyard(town, keeper, cradle)


async def whole_task(town: Town, slot: Slot) -> tuple[Said, TaskResult]:
    """Asked by Ada on this slot's queue, approved by Grace on the card, to its end."""
    intake = build_intake(slot.settings(town.stack.settings), temporal=town.temporal, keys=town.stack.keys)
    said = await town.stage.say("ada", "ops", f"For {slot.name}")
    arrival = Arrival(
        org=town.stack.org,
        user="U0ADA00001",
        source="mention",
        channel=said.channel,
        text="single: production cache servers have drifted, fix it",
        thread_ts=said.ts,
        message_ts=said.ts,
        unique=said.ts,
    )
    task = await accepted(intake, arrival)
    card = await town.stage.until(said, "grace", has=f"'{APPROVE}'", seconds=180, what=f"The card of {slot.name}")
    await town.stage.click("grace", said.channel, card["ts"], APPROVE)
    result = await town.temporal.get_workflow_handle_for(TaskWorkflow.run, task).result()
    return said, result


async def accepted(intake: Intake, arrival: Arrival) -> str:
    """As Slack does: it sends again what nobody acknowledged."""
    while True:
        try:
            return await intake.accept(arrival)
        except HandOverFailed:
            await asyncio.sleep(1)


async def _all(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    return await asyncio.gather(*works)


async def wrong_with(town: Town, slot: Slot, said: Said, result: TaskResult) -> list[str]:
    """What is not as it would be had nobody died."""
    wrong = list[str]()
    if (result.outcome, result.approvers) != ("completed", ["U0GRACE001"]):
        wrong.append(f"it ended {result.outcome}, approved by {result.approvers}: {result.detail}")
    thread = await town.stage.thread(said, "grace")
    keys = Counter(
        (message.get("metadata") or {}).get("event_payload", {}).get("key", "no key")
        for message in thread
        if message.get("bot_id") and not message.get("is_ephemeral")
    )
    if sorted(keys.elements()) != KEYS:
        wrong.append(f"its durable messages are {sorted(keys.elements())}")
    estate = SampleEstate(slot.estate)
    changes = await estate.journal(town.stack.org)
    await estate.close()
    if not changes or Counter(change.asset_id for change in changes).most_common(1)[0][1] > 1:
        wrong.append(f"assets were changed more than once: {[(change.key, change.asset_id) for change in changes]}")
    if any(not change.ok or change.kind != "rollout" for change in changes):
        wrong.append("not every change is a rollout that went well")
    async with AsyncExitStack() as exits:
        ledger = await open_ledger(exits, slot.settings(town.stack.settings), town.stack.keys)
        kinds = Counter(entry.kind for entry in await ledger.show(town.stack.org, limit=1000))
        if (kinds["decision_accepted"], kinds["task_ended"]) != (1, 1):
            wrong.append(f"the ledger has {kinds}")
        if not (await ledger.verify(town.stack.org)).ok:
            wrong.append("the ledger does not verify")
    return [f"{slot.name}: {problem}" for problem in wrong]


@pytest.mark.timeout(240)
async def test_a_worker_killed_at_any_effect_leaves_nothing_undone_and_does_nothing_twice(graveyard: Graveyard) -> None:
    town = graveyard.town
    undisturbed = graveyard.be_born("undisturbed", [])
    said, result = await graveyard.while_kept(whole_task(town, undisturbed))
    assert await wrong_with(town, undisturbed, said, result) == []

    deaths = list(deaths_at(effects_in(undisturbed.journal), of_each_kind=1))
    slots = [graveyard.be_born(f"k{number}", share) for number, share in enumerate(shared_out(deaths, tasks=TASKS))]
    tasks = await graveyard.while_kept(_all(whole_task(town, slot) for slot in slots))
    wrong = [
        problem
        for slot, (said, result) in zip(slots, tasks, strict=True)
        for problem in await wrong_with(town, slot, said, result)
    ]
    assert wrong == []
    assert [deaths_in(slot.journal) for slot in slots] == [slot.deaths for slot in slots]
