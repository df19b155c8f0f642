"""Redis killed under the running bot, over the real socket, while Slack delivers twice and loses acknowledgements."""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.service import RPCError

from tests.whole.town import Town, open_town, until


async def runs(town: Town, task: str) -> int:
    found = [run async for run in town.temporal.list_workflows(f"WorkflowId = '{task}'")]
    return len(found)


@pytest.mark.timeout(120)
async def test_without_redis_every_request_is_taken_in_and_none_twice(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        bot = await town.serve("bot")
        await town.stack.processes.halt("redis")
        for path, body in (
            ("delivery", {"retry_seconds": [0.1, 0.2]}),
            ("faults", {"twice": True, "lose_next_acks": 2}),
        ):
            async with town.stage.http.post(f"{town.stage.base}local/{path}", json=body) as answer:
                assert answer.status == 200, await answer.text()
        said = [await town.stage.say("ada", "ops", f"@gavel fix drift on host {at}") for at in range(4)]
        tasks = [f"{town.stack.org}.{one.channel}.{one.ts}" for one in said]

        async def all_there() -> bool:
            try:
                for task in tasks:
                    await town.temporal.get_workflow_handle(task).describe()
            except RPCError:
                return False
            return True

        await until(all_there, seconds=15, what="Every request in Temporal")

        async def listed() -> bool:
            return [await runs(town, task) for task in tasks] == [1, 1, 1, 1]

        await until(listed, seconds=10, what="One run of each")
        assert bot.log.read_text().count("Redis is away") == 1
