"""What the tool loop does with a lead model that misbehaves. Everything behind the model is real."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ModelClient, ToolUse
from agents.specialists.base import AgentOutcome
from agents.specialists.investigation import Limits
from tests.unit.agents.bench import Bench, spec

Step = list[tuple[str, str]]
"""Tool name and the arguments as the model wrote them."""


@dataclass
class Wayward:
    """The real client, except that the lead first asks for what the test says."""

    inner: ModelClient
    steps: list[Step]
    seen: list[str] = field(default_factory=list[str])
    """Every tool message the lead was shown."""
    forever: bool = False

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        if request.purpose != "investigate":
            return await self.inner.chat(member, request)
        self.seen = [message.content for message in request.messages if message.role == "tool"]
        if not self.steps:
            return ChatReply("Done.", (), 10, 10, None, 1)
        step = self.steps[0] if self.forever else self.steps.pop(0)
        uses = tuple(ToolUse(f"u{len(request.messages)}-{n}", name, text) for n, (name, text) in enumerate(step))
        return ChatReply("", uses, 10, 10, None, 1)


async def led_by(workbench: Bench, wayward: Wayward, limits: Limits | None = None) -> AgentOutcome:
    workbench.agent = replace(workbench.agent, client=wayward, limits=limits or Limits())
    return await workbench.work(spec())


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("execute_rollout_prod", '{"asset_ids": ["web-prod-euw1-01"], "target_image_id": "x"}', "not_allowed"),
        ("drop_all_tables", "{}", "unknown_tool"),
        ("query_assets", '{"environment": "staging"}', "out_of_scope"),
        ("query_assets", '{"org": "TNEIGHBOR"}', "invalid_input"),
        ("query_assets", "{not json", "invalid_input"),
        ("query_assets", "[1, 2]", "invalid_input"),
        ("query_assets", '{"site": "half \\ud83d"}', "invalid_input"),
        ("query_assets", '{"half \\udfff": 1}', "invalid_input"),
        ("query_assets", '{"limit": ' + "9" * 5000 + "}", "invalid_input"),
        ("query_assets", '{"tags": ' * 50_000, "invalid_input"),
        ("get_golden_image", '{"family": "no-such-family"}', "tool_error"),
    ],
)
async def test_a_refused_or_failed_call_is_shown_to_the_model_as_an_error(
    workbench: Bench, name: str, arguments: str, said: str
) -> None:
    wayward = Wayward(workbench.agent.client, [[(name, arguments)]])
    before = await workbench.assets()
    outcome = await led_by(workbench, wayward)
    assert len(wayward.seen) == 1
    assert said in wayward.seen[0]
    assert 'source="tool_error"' in wayward.seen[0]
    assert (outcome.finding, outcome.plan) == ("inconclusive", None)
    assert await workbench.assets() == before


async def test_only_tools_that_change_nothing_are_offered(workbench: Bench) -> None:
    offered: list[str] = []

    @dataclass
    class Listening(Wayward):
        async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
            offered.extend(tool.name for tool in request.tools)
            return await super().chat(member, request)

    await led_by(workbench, Listening(workbench.agent.client, []))
    assert "query_assets" in offered
    assert not [name for name in offered if name.startswith("execute_")]


async def test_an_endless_loop_ends_at_the_bound_on_calls(workbench: Bench) -> None:
    wayward = Wayward(workbench.agent.client, [[("get_drift_status", "{}"), ("get_drift_status", "{}")]], forever=True)
    outcome = await led_by(workbench, wayward, Limits(tool_calls=5))
    assert len(outcome.tool_call_ids) == 5
    assert "The investigation ended at its 5 tool calls." in outcome.notes


async def test_an_endless_loop_of_broken_calls_ends_too(workbench: Bench) -> None:
    wayward = Wayward(workbench.agent.client, [[("query_assets", "{")]], forever=True)
    outcome = await led_by(workbench, wayward, Limits(tool_calls=5))
    assert outcome.tool_call_ids == []
    assert outcome.finding == "inconclusive"


@pytest.mark.parametrize(("bound", "said"), [(Limits(tokens=60), "60 tokens"), (Limits(seconds=0), "0 seconds")])
async def test_tokens_and_time_are_bounded(workbench: Bench, bound: Limits, said: str) -> None:
    wayward = Wayward(workbench.agent.client, [[("get_drift_status", "{}")]], forever=True)
    outcome = await led_by(workbench, wayward, bound)
    assert any(said in note for note in outcome.notes)


async def test_an_inventory_read_only_in_part_is_not_called_healthy(workbench: Bench) -> None:
    """One page of one asset, which is compliant: the members see no drift, and code says what they did not see."""
    images = await workbench.estate.images("T1", family="web-base")
    golden = next(image for image in images if image.signed and image.status == "production")
    assets = await workbench.assets()
    fine = next(
        name
        for name, asset in sorted(assets.items())
        if asset.tags.get("role") == "web"
        and asset.environment == "production"
        and asset.image_version == golden.version
        and asset.state == "running"
    )
    steps: list[Step] = [
        [("query_assets", f'{{"asset_ids": ["{fine}"]}}')],
        [("get_golden_image", '{"family": "web-base"}')],
        [("compare_versions", f'{{"asset_ids": ["{fine}"], "target_image_id": "{golden.id}"}}')],
    ]
    outcome = await led_by(workbench, Wayward(workbench.agent.client, steps))
    assert (outcome.finding, outcome.plan) == ("inconclusive", None)
    assert "not called healthy" in outcome.reason
