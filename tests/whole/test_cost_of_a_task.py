"""What a task costs, from the provider's token counts to the card that people decide on."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.blocks.actions import REJECT
from bot.blocks.words import money
from bot.workflows.task import TaskWorkflow
from tests.whole.rejecting import reject
from tests.whole.town import Town, open_town

PRICED = "gpt-4o-mini"
SERVED = "rehearsal-amber"


@asynccontextmanager
async def provider_of_a_priced_model(rehearsal: str) -> AsyncGenerator[str]:
    """A provider on a port of its own that sells a rehearsal model under a name with a known price. Its base URL."""

    async def chat(request: web.Request) -> web.Response:
        body = (await request.text()).replace(PRICED, SERVED)
        async with http.post(f"{rehearsal}/v1/chat/completions", data=body, headers=JSON) as answer:
            said = (await answer.text()).replace(SERVED, PRICED)
            return web.Response(text=said, status=answer.status, content_type=answer.content_type)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with aiohttp.ClientSession() as http:
        port: int = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}/v1"
    await runner.cleanup()


JSON = {"Content-Type": "application/json", "Authorization": "Bearer key"}


async def rejected(town: Town) -> tuple[str, str, float | None]:
    """The plan card and the last message of a task that Grace rejects, and its cost as the ledger has it."""
    said = await town.stage.say("ada", "ops", "@gavel single: production web servers have drifted, fix it")
    card = await town.stage.until(said, "grace", has=f"'{REJECT}'", seconds=90, what="The plan card")
    assert await reject(town.stage, "grace", said, card) == {}
    task = f"{town.stack.org}.{said.channel}.{said.ts}"
    await town.temporal.get_workflow_handle_for(TaskWorkflow.run, task).result()
    last = await town.stage.until(said, "grace", has="The whole record", seconds=30, what="The outcome")
    (ended,) = await town.ledger.show(town.stack.org, task_id=task, kind="task_ended")
    cost = await town.ledger.cost(town.stack.org, task)
    assert json.loads(ended.body)["cost_usd"] == cost
    return str(card["blocks"]), str(last["blocks"]), cost


@pytest.mark.timeout(180)
async def test_the_card_and_the_outcome_show_what_the_calls_cost(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town, provider_of_a_priced_model(town.stack.part("llm").address) as base:
        member = {"name": "Mini", "model": f"openai/{PRICED}", "api_base": base, "api_key": "key"}
        await town.serve("both", LLM_PROVIDER="", LLM_MEMBERS=json.dumps([member]))
        card, last, cost = await rejected(town)
    assert cost is not None
    assert cost > 0
    assert f"{money(cost)} so far" in card
    assert money(cost) in last


@pytest.mark.timeout(180)
async def test_what_rehearsal_models_cost_is_unknown_and_not_zero(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        await town.serve("both")
        card, last, cost = await rejected(town)
    assert cost is None
    assert "cost unknown so far" in card
    assert "cost unknown" in last
