from __future__ import annotations

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest

from bot.blocks.actions import APPROVE
from bot.intake import Arrival
from bot.local.estate.estate import SampleEstate
from bot.local.stage import Said
from bot.runtime import build_intake
from bot.workflows.messages import TaskResult
from bot.workflows.task import TaskWorkflow
from tests.whole.deaths import deaths_at, deaths_in, effects_in, shared_out
from tests.whole.dying import SLOTS, Slot
from tests.whole.effects import Death
from tests.whole.town import Town, open_town, unconfigured

TASKS = 14
"""Tasks that share the worker's deaths, all at once."""

KEYS = ["acknowledgement", "card:r1", "outcome", "progress:r1", "run:r1"]
"""Of the durable messages of a task that goes well."""


@pytest.fixture(scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Town]:
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - set(unconfigured(os.environ)):
            patch.delenv(name)
        async with open_town(tmp_path_factory.mktemp("kills"), LLM_MODE="single") as opened:
            await opened.stage.fault(rate_limits=False)
            yield opened


def slot(town: Town, name: str, deaths: Sequence[Death]) -> Slot:
    data = town.stack.settings.data_dir
    estate = shutil.copy(town.stack.estate, data / f"estate-{name}.db")
    return Slot(name, "worker", name, str(estate), str(data / f"{name}.jsonl"), list(deaths))


async def serve_dying(town: Town, slots: list[Slot]) -> None:
    plan = town.stack.settings.data_dir / f"dying-{slots[0].name}.json"
    plan.write_bytes(SLOTS.dump_json(slots))
    await town.serve("worker", module="tests.whole.dying", DYING=str(plan))


async def whole_task(town: Town, queue: str) -> tuple[Said, TaskResult]:
    """Asked by Ada on this queue, approved by Grace on the card, to its end."""
    settings = town.stack.settings
    temporal = settings.temporal.model_copy(update={"task_queue": queue})
    intake = build_intake(
        settings.model_copy(update={"temporal": temporal}), temporal=town.temporal, keys=town.stack.keys
    )
    said = await town.stage.say("ada", "ops", f"For {queue}")
    task = await intake.accept(
        Arrival(
            org=town.stack.org,
            user="U0ADA00001",
            source="mention",
            channel=said.channel,
            text="single: production web servers have drifted, fix it",
            thread_ts=said.ts,
            message_ts=said.ts,
            unique=said.ts,
        )
    )
    card = await town.stage.until(said, "grace", has=f"'{APPROVE}'", seconds=120, what=f"The plan card of {queue}")
    await town.stage.click("grace", said.channel, card["ts"], APPROVE)
    result = await town.temporal.get_workflow_handle_for(TaskWorkflow.run, task).result()
    return said, result


async def wrong_with(town: Town, queue: str, said: Said, result: TaskResult) -> list[str]:
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
    estate = SampleEstate(town.stack.settings.data_dir / f"estate-{queue}.db")
    changes = await estate.journal(town.stack.org)
    await estate.close()
    if not changes or Counter(change.asset_id for change in changes).most_common(1)[0][1] > 1:
        wrong.append(f"assets were changed more than once: {[(change.key, change.asset_id) for change in changes]}")
    if any(not change.ok or change.kind != "rollout" for change in changes):
        wrong.append("not every change is a rollout that went well")
    kinds = Counter(entry.kind for entry in await town.ledger.show(town.stack.org, task_id=result.task_id, limit=1000))
    if (kinds["decision_accepted"], kinds["task_ended"]) != (1, 1):
        wrong.append(f"the ledger has {kinds}")
    return [f"{queue}: {problem}" for problem in wrong]


@pytest.mark.timeout(240)
async def test_a_worker_killed_at_any_effect_of_a_task_leaves_nothing_undone_and_nothing_done_twice(town: Town) -> None:
    await town.serve("bot")
    undisturbed = slot(town, "undisturbed", [])
    await serve_dying(town, [undisturbed])
    said, result = await whole_task(town, "undisturbed")
    assert await wrong_with(town, "undisturbed", said, result) == []

    deaths = list(deaths_at(effects_in(Path(undisturbed.journal)), of_each_kind=1))
    slots = [slot(town, f"k{number}", share) for number, share in enumerate(shared_out(deaths, tasks=TASKS))]
    await serve_dying(town, slots)
    tasks = await asyncio.gather(*(whole_task(town, dying.queue) for dying in slots))
    wrong = [
        problem
        for dying, (said, result) in zip(slots, tasks, strict=True)
        for problem in await wrong_with(town, dying.queue, said, result)
    ]
    assert wrong == []
    assert [deaths_in(Path(dying.journal)) for dying in slots] == [dying.deaths for dying in slots]
    assert (await town.ledger.verify(town.stack.org)).ok
