"""Each guard is needed: with it a known-bad call is refused, without it the same call gets through."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

from tests.unit.tools.bench import ORG, Bench, without
from tools.base import FailureKind, Tool, ToolCall, ToolContext, ToolError, ToolResult
from tools.contracts.common import Contract
from tools.dispatcher import Dispatcher
from tools.guards.budget import CallBudget, WithinBudget
from tools.guards.grant import Granted
from tools.guards.known import AllowedTool, KnownTool
from tools.guards.ledger import RecordedIntent, RecordedOutcome
from tools.guards.offered import Offered
from tools.guards.output import BoundedOutput, Redacted
from tools.guards.policy import PolicyAllows
from tools.guards.run import RunTool, WithinTime
from tools.guards.schemas import ValidInput, ValidOutput
from tools.guards.scope import WithinScope
from tools.json_schema import StrangersCheck
from tools.origin import Origin
from tools.registry import ToolRegistry


async def ablated(bench: Bench, call: ToolCall, guard: type[Any], *, kind: FailureKind) -> ToolResult:
    """Asserts that the whole chain refuses with `kind`; the result of the chain without the guard."""
    refused = await bench.dispatch(call)
    assert refused.failure is not None
    assert refused.failure.kind == kind
    assert refused.output is None
    return await Dispatcher(without(bench.chain(), guard)).dispatch(call)


async def test_a_tool_outside_the_agents_own_needs_the_allowed_guard(bench: Bench) -> None:
    call = bench.call("query_assets", {}, allowed_tools=frozenset({"get_golden_image"}))
    assert (await ablated(bench, call, AllowedTool, kind="not_allowed")).ok


async def test_a_servers_tool_outside_its_environments_needs_the_offered_guard(bench: Bench) -> None:
    async def answers(_given: Nothing, _context: ToolContext) -> Answer:
        return Answer(count=1)

    bench.registry.add(
        Tool(
            name="mcp__metrics__count",
            description="Counts.",
            input=Nothing,
            output=Answer,
            risk="read_only",
            scope="org",
            idempotent=True,
            timeout_seconds=5,
            run=answers,
            origin=Origin(
                server="metrics",
                parameters=StrangersCheck({"type": "object", "properties": {}}),
                definition="sha256:0",
                agents=frozenset({"incident"}),
                environments=frozenset({"staging"}),
            ),
        )
    )
    assert (await bench.ask("mcp__metrics__count", {}, environment="staging")).ok
    call = bench.call("mcp__metrics__count", {}, environment="production")
    assert (await ablated(bench, call, Offered, kind="not_allowed")).ok


async def test_a_coerced_parameter_needs_the_input_guard(bench: Bench) -> None:
    call = bench.call("query_assets", {"limit": "5"})
    assert (await ablated(bench, call, ValidInput, kind="invalid_input")).ok


async def test_another_environment_needs_the_scope_guard(bench: Bench) -> None:
    call = bench.call("query_assets", {"environment": "staging"})
    through = await ablated(bench, call, WithinScope, kind="out_of_scope")
    assert through.output is not None
    assert through.output["assets"][0]["environment"] == "staging"


async def test_another_environments_asset_needs_the_scope_guard(bench: Bench) -> None:
    staged = (await bench.assets("web-base", "staging"))[0]
    call = bench.call("compare_versions", {"asset_ids": [staged.id], "target_image_id": await bench.golden_id()})
    assert (await ablated(bench, call, WithinScope, kind="out_of_scope")).ok


async def test_a_change_without_a_grant_needs_the_grant_guard(bench: Bench) -> None:
    before = await bench.estate.snapshot(ORG)
    call = await bench.rollout((await bench.drifted())[:1], grant=None)
    await bench.dispatch(call)
    assert await bench.estate.snapshot(ORG) == before
    assert (await ablated(bench, call, Granted, kind="no_grant")).ok
    assert await bench.estate.snapshot(ORG) != before


async def test_a_policys_no_needs_the_policy_guard(bench: Bench) -> None:
    bench.policies.reasons = ("drift tools are frozen this week",)
    call = bench.call("query_assets", {})
    refused = await bench.dispatch(call)
    assert refused.failure is not None
    assert "frozen this week" in refused.failure.message
    assert (await ablated(bench, call, PolicyAllows, kind="policy")).ok


async def test_an_engine_that_is_away_needs_the_policy_guard(bench: Bench) -> None:
    bench.policies.away = True
    call = bench.call("query_assets", {})
    assert (await ablated(bench, call, PolicyAllows, kind="unavailable")).ok


async def test_an_answer_that_is_too_long_needs_the_size_guard(bench: Bench) -> None:
    bench.max_output_bytes = 1000
    call = bench.call("query_assets", {})
    refused = await bench.dispatch(call)
    assert refused.failure is not None
    assert "`cursor`" in refused.failure.message
    assert (await ablated(bench, call, BoundedOutput, kind="invalid_output")).ok


async def test_a_call_over_the_budget_needs_the_budget_guard(bench: Bench) -> None:
    bench.budget = CallBudget(max_calls=1)
    assert (await bench.ask("query_assets", {})).ok
    call = bench.call("query_assets", {})
    assert (await ablated(bench, call, WithinBudget, kind="budget")).ok
    assert (await bench.ask("query_assets", {}, task_id="another task")).ok


async def test_what_the_redactor_hides_needs_the_redaction_guard(bench: Bench) -> None:
    bench.redact = lambda text: text.replace("storefront", "[redacted]")
    call = bench.call("query_assets", {"image_family": "web-base", "limit": 1})
    hidden = await bench.dispatch(call)
    assert "storefront" not in str(hidden.output)
    shown = await Dispatcher(without(bench.chain(), Redacted)).dispatch(call)
    assert "storefront" in str(shown.output)


async def test_an_error_that_quotes_a_secret_is_redacted_too(bench: Bench) -> None:
    bench.redact = lambda text: text.replace("hunter2", "[redacted]")
    refused = await bench.ask("get_golden_image", {"family": "hunter2"})
    assert refused.failure is not None
    assert "hunter2" not in refused.failure.message


class Nothing(Contract):
    pass


class Answer(Contract):
    count: int


class Confession(Contract):
    text: str


class Found(Contract):
    found: dict[str, Any]


def one_tool(run: Any, *, output: type[Contract] = Answer, timeout_seconds: float = 5) -> ToolRegistry:
    registry = ToolRegistry()
    registry.add(
        Tool(
            name="count",
            description="Counts.",
            input=Nothing,
            output=output,
            risk="read_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=timeout_seconds,
            run=run,
        )
    )
    return registry


async def test_an_undeclared_answer_needs_the_output_guard(bench: Bench) -> None:
    async def confess(_given: Nothing, _context: ToolContext) -> Confession:
        return Confession(text="counted nothing")

    bench.registry = one_tool(confess)
    through = await ablated(bench, bench.call("count", {}), ValidOutput, kind="invalid_output")
    assert through.output == {"text": "counted nothing"}


async def test_an_answer_of_the_declared_shape_that_is_no_json_is_discarded(bench: Bench) -> None:
    async def find(_given: Nothing, _context: ToolContext) -> Found:
        return Found(found={"text": "half \ud83d"})

    bench.registry = one_tool(find, output=Found)
    refused = await bench.dispatch(bench.call("count", {}))
    assert refused.failure is not None
    assert (refused.failure.kind, "it is no JSON" in refused.failure.message) == ("invalid_output", True)


async def test_a_slow_tool_needs_the_time_guard(bench: Bench) -> None:
    async def dawdle(_given: Nothing, _context: ToolContext) -> Answer:
        await asyncio.sleep(2)
        return Answer(count=1)

    bench.registry = one_tool(dawdle, timeout_seconds=0.05)
    started = time.perf_counter()
    await bench.dispatch(bench.call("count", {}))
    assert time.perf_counter() - started < 2
    assert (await ablated(bench, bench.call("count", {}), WithinTime, kind="timeout")).ok


async def test_an_unrecorded_change_needs_the_intent_guard(bench: Bench) -> None:
    call = await bench.rollout((await bench.drifted())[:1])
    before = await bench.estate.snapshot(ORG)
    await bench.break_ledger()
    refused = await bench.dispatch(call)
    assert refused.failure is not None
    assert refused.failure.kind == "unavailable"
    assert await bench.estate.snapshot(ORG) == before
    unrecorded = await Dispatcher(without(bench.chain(), RecordedIntent)).dispatch(call)
    assert unrecorded.failure is not None
    assert await bench.estate.snapshot(ORG) != before


async def test_an_answer_off_the_record_needs_the_outcome_guard(bench: Bench) -> None:
    await bench.break_ledger()
    call = bench.call("query_assets", {})
    assert (await ablated(bench, call, RecordedOutcome, kind="unavailable")).ok


async def test_an_unknown_tool_is_refused_and_the_agents_own_are_named(bench: Bench) -> None:
    refused = await bench.ask("run_shell", {"command": "id"}, allowed_tools=frozenset({"query_assets"}))
    assert refused.failure is not None
    assert refused.failure.kind == "unknown_tool"
    assert "query_assets" in refused.failure.message


async def test_a_tools_own_error_reaches_the_model_as_an_error(bench: Bench) -> None:
    async def give_up(_given: Nothing, _context: ToolContext) -> Answer:
        raise ToolError("the counter is stuck")

    async def fall_over(_given: Nothing, _context: ToolContext) -> Answer:
        raise KeyError("count")

    async def time_out(_given: Nothing, _context: ToolContext) -> Answer:
        raise TimeoutError("the source did not answer")

    for run, said in ((give_up, "the counter is stuck"), (fall_over, "KeyError"), (time_out, "did not answer")):
        bench.registry = one_tool(run)
        refused = await bench.ask("count", {})
        assert refused.output is None
        assert refused.failure is not None
        assert refused.failure.kind == "tool_error"
        assert said in refused.failure.message


def _links(link: object) -> Iterator[type]:
    while link is not None:
        yield type(link)
        link = getattr(link, "inner", None)


async def test_every_guard_has_its_known_bad_call(bench: Bench) -> None:
    """But for the one that finds the tool: without it there is nothing to run."""
    guards = set(_links(bench.chain())) - {RunTool, KnownTool}
    assert len(guards) >= 11
    assert guards <= {value for value in globals().values() if isinstance(value, type)}
