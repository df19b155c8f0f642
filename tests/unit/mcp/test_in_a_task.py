"""An agent's tool loop on a worker's real parts calls a declared tool of a real MCP server, and it is on record."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ModelError, ToolUse
from agents.specialists.base import Assignment
from agents.specialists.specialist import SpecialistAgent
from bot.app import Identity, build_client
from bot.keys import load_keys
from bot.ledger.reader import entries
from bot.local.estate.estate import SampleEstate
from bot.local.rehearsal.members import rehearsal_members
from bot.runtime import open_workbench
from bot.settings import Settings
from bot.settings_mcp import McpSettings
from bot.workflows.workbench import Workbench
from tests.unit.agents.bench import ORG, TASK, Watcher, draw, spec
from tests.unit.mcp.good_server import good_server
from tests.unit.mcp.lab import over_http
from tools.contracts.common import JsonObject
from tools.contracts.identity import Caller, Role

NOWHERE = "http://127.0.0.1:9/"
RATE = ("mcp__metrics__error_rate", '{"service": "checkout", "window": {"minutes": 5}}')
FIND = ("mcp__metrics__find", '{"text": "disk"}')
DELETE = ("mcp__metrics__delete_everything", "{}")


@dataclass
class Scripted:
    """A lead that calls what the test says; as a member of the council it is away."""

    steps: list[tuple[str, str]]
    offered: list[str] = field(default_factory=list[str])
    seen: list[str] = field(default_factory=list[str])

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        if request.purpose != "investigate":
            raise ModelError("unavailable", "Nobody judges here.")
        self.offered = [tool.name for tool in request.tools]
        self.seen = [message.content for message in request.messages if message.role == "tool"]
        uses = tuple(ToolUse(f"u{n}", name, text) for n, (name, text) in enumerate(self.steps))
        self.steps = []
        return ChatReply("", uses, 10, 10, None, 1)


@asynccontextmanager
async def worker_with(data_dir: Path, servers: Mapping[str, Any]) -> AsyncGenerator[Workbench]:
    settings = Settings.embedded(data_dir=data_dir).model_copy(update={"mcp": McpSettings(servers=dict(servers))})
    slack = settings.slack.model_copy(update={"bot_token": SecretStr("xoxb-1")})
    estate = SampleEstate(await draw(data_dir, seed=7))
    try:
        async with open_workbench(
            settings.model_copy(update={"slack": slack}),
            keys=load_keys(settings),
            client=build_client(api_url=NOWHERE, bot_token="xoxb-1"),
            identity=Identity(team=ORG, user="UBOT", bot="BBOT"),
            members=rehearsal_members(NOWHERE),
            estate=estate,
            samples=[],
        ) as bench:
            yield bench
    finally:
        await estate.close()


async def investigate(bench: Workbench, lead: Scripted, *, roles: Sequence[Role] = ("operator",)) -> None:
    agent = bench.agents["drift"]
    assert isinstance(agent, SpecialistAgent)
    assignment = Assignment(
        spec=spec(),
        caller=Caller(org=ORG, user="U1", roles=list(roles)),
        revision=1,
        mode="single",
        orchestrator=bench.orchestrator,
        dispatcher=bench.dispatcher(),
        progress=Watcher(),
        recorder=bench.ledger,
    )
    # Where there is evidence to judge nobody is there to judge it: the tool loop is over by then.
    with suppress(ModelError):
        await replace(agent, client=lead).work(assignment)


async def on_record(bench: Workbench, kind: str) -> list[JsonObject]:
    found = await entries(bench.ledger.database, ORG, task_id=TASK, kind=kind)
    return [json.loads(entry.body) for entry in found]


@pytest.fixture
def declared() -> dict[str, Any]:
    find = {"risk": "read_only", "agents": ["drift"], "environments": ["staging"]}
    return {"transport": "http", "tools": {"error_rate": {"risk": "read_only", "agents": ["drift"]}, "find": find}}


async def test_an_agent_calls_a_declared_tool_and_no_other(tmp_path: Path, declared: dict[str, Any]) -> None:
    lead = Scripted([RATE, DELETE, FIND])
    async with (
        over_http(good_server()) as address,
        worker_with(tmp_path, {"metrics": {**declared, "url": address.url}}) as bench,
    ):
        await investigate(bench, lead)
        # Of one turn, made side by side: each is on record when it is over.
        calls = sorted(await on_record(bench, "tool_called"), key=lambda call: str(call["call_id"]))
        [invoked] = await on_record(bench, "agent_invoked")
        results = await bench.ledger.tool_results(ORG, TASK, [calls[0]["call_id"]])
    assert RATE[0] in lead.offered
    assert "mcp__metrics__delete_everything" not in lead.offered
    assert FIND[0] not in lead.offered  # of staging
    assert '"errors_per_second":2.5' in lead.seen[0]
    assert 'source="tool_result"' in lead.seen[0]
    assert ["unknown_tool" in lead.seen[1], "not_allowed" in lead.seen[2]] == [True, True]
    assert [(call["tool"], call["outcome"], call["on_behalf_of"]) for call in calls] == [
        (RATE[0], "ok", "U1"),
        (DELETE[0], "unknown_tool", "U1"),
        (FIND[0], "not_allowed", "U1"),
    ]
    [result] = results.values()
    assert result["server_data"] == {"service": "checkout", "errors_per_second": 2.5, "samples": [5, 7]}
    assert list(invoked["definitions"]) == [RATE[0]]
    assert invoked["definitions"][RATE[0]].startswith("sha256:")


async def test_the_policies_are_asked_about_a_servers_tool_too(tmp_path: Path, declared: dict[str, Any]) -> None:
    lead = Scripted([RATE])
    async with (
        over_http(good_server()) as address,
        worker_with(tmp_path, {"metrics": {**declared, "url": address.url}}) as bench,
    ):
        assert bench.registry.catalog()[RATE[0]]["risk"] == "read_only"
        await investigate(bench, lead, roles=[])
    assert "policy: " in lead.seen[0]
    assert "reaches the whole org" in lead.seen[0]


async def test_a_worker_starts_without_a_server_that_is_away(tmp_path: Path, declared: dict[str, Any]) -> None:
    async with worker_with(tmp_path, {"metrics": {**declared, "url": "http://127.0.0.1:9/mcp"}}) as bench:
        assert not [name for name in bench.registry.names() if name.startswith("mcp__")]
        lead = Scripted([RATE, ("query_assets", '{"limit": 1}')])
        await investigate(bench, lead)
    assert "unknown_tool" in lead.seen[0]
    assert 'source="tool_result"' in lead.seen[1]
