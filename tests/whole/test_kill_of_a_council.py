from __future__ import annotations

import json
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.blocks.actions import APPROVE
from bot.ledger.labels import Labels
from bot.opening import open_database
from bot.workflows.task import TaskWorkflow
from tests.whole.flaws import flaws_of
from tests.whole.square import Square
from tests.whole.town import open_town, until


async def billed(square: Square) -> Counter[tuple[str, str]]:
    """(model, contract) → calls that came in at the endpoint."""
    url = f"{square.town.stack.part('llm').address}/local/calls"
    async with square.stage.http.get(url) as response:
        calls = (await response.json())["calls"]
    return Counter((call["model"].removeprefix("rehearsal-"), call["schema"]) for call in calls)


@pytest.mark.timeout(180)
async def test_a_worker_killed_during_a_council_asks_and_pays_only_for_what_was_not_answered(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        await town.serve("bot")
        worker = await town.serve("worker")
        square = Square(town, worker)
        async with square.models("slow", model="rehearsal-cedar", seconds=60):
            said = await town.stage.say("ada", "ops", "@gavel council: production cache servers have drifted, fix it")

            async def two_answered() -> bool:
                answered = await square.recorded(said, "member_answered")
                return {entry["member"] for entry in answered} == {"Amber", "Birch"}

            await until(two_answered, seconds=60, what="Two answers of three")
            before = await billed(square)
            await worker.kill()
        await town.serve("worker")
        card = await town.stage.until(said, "grace", has=f"'{APPROVE}'", seconds=120, what="The plan card")
        after = await billed(square)
        contract = next(schema for model, schema in before if model == "cedar")
        assert {model: before[model, contract] for model in ("amber", "birch", "cedar")} == {
            "amber": 1,
            "birch": 1,
            "cedar": 1,
        }
        assert after - before == Counter(
            {("cedar", contract): 1, **{(model, "VoteSheet"): 1 for model in ("amber", "birch", "cedar")}}
        ), "neither the investigation nor those who had answered are paid for twice"
        rows = await square.recorded(said, "llm_called")
        paid = Counter(row["member"] for row in rows if row["purpose"] == "report" and row["success"])
        assert paid == {"Amber": 1, "Birch": 1, "Cedar": 1}
        shown = json.dumps(await square.thread(said))
        assert "had answered before the interruption and are not asked again" in shown

        await town.stage.click("grace", said.channel, card["ts"], APPROVE)
        task = f"{town.stack.org}.{said.channel}.{said.ts}"
        result = await town.temporal.get_workflow_handle_for(TaskWorkflow.run, task).result()
        assert await flaws_of(town, said, result, estate=town.estate, ledger=town.ledger) == []

        # It ran and was verified: who had voted for it has been right once.
        async with AsyncExitStack() as exits:
            database = await open_database(exits, town.stack.settings)
            learned = await Labels(database).learned(town.stack.org, "drift")
        assert set(learned.reliability) == {"Amber", "Birch", "Cedar"}
