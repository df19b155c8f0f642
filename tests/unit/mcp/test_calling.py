"""A declared tool of a real MCP server is called through the dispatcher; nothing else of the server is."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from dataclasses import replace

import psutil

from policies.authorizer import PolicyAuthorizer
from policies.bundle import load_bundle
from policies.regorus_engine import RegorusEngine
from tests.unit.agents.bench import now
from tests.unit.mcp.good_server import good_server
from tests.unit.mcp.lab import declared_tool, lab, over_http, program, server_of
from tools.mcp.declared import Address, Program


async def test_a_declared_tool_answers_with_lines_and_data(reached: Program | Address) -> None:
    async with lab(server_of(reached, "error_rate", "find")) as at:
        rate = await at.output("error_rate", service="checkout", window={"minutes": 5})
        found = await at.output("find", text="disk")
    assert rate == {
        "lines": [],
        "server_data": {"service": "checkout", "errors_per_second": 2.5, "samples": [5, 7]},
        "left_out": [],
    }
    assert found["lines"] == ["first line about disk", "second line: password=[redacted]"]


async def test_what_is_not_declared_is_not_there(reached: Program | Address) -> None:
    async with lab(server_of(reached, "find")) as at:
        failure = await at.failure("delete_everything")
        assert at.names == ["mcp__metrics__find"]
    assert failure.kind == "unknown_tool"
    assert at.left_out["delete_everything"] == "not declared"
    assert [left.undeclared for left in at.surveys[0].left_out] == [True] * len(at.left_out)


async def test_a_declared_tool_that_the_server_lacks_is_told(reached: Program | Address) -> None:
    async with lab(server_of(reached, "find", "gone")) as at:
        assert at.names == ["mcp__metrics__find"]
    assert at.left_out["gone"] == "the server has no such tool"


async def test_parameters_are_held_to_the_servers_schema_before_the_call(reached: Program | Address) -> None:
    async with lab(server_of(reached, "error_rate")) as at:
        wrong = [
            await at.failure("error_rate", service="checkout"),
            await at.failure("error_rate", service="checkout", window={"minutes": 61}),
            await at.failure("error_rate", service="checkout", window={"minutes": "5"}),
            await at.failure("error_rate", service=3, window={"minutes": 5}),
            await at.failure("error_rate", service="checkout", window={"minutes": 5, "step": "2m"}),
        ]
    assert {failure.kind for failure in wrong} == {"invalid_input"}
    assert "Parameters: service, window." in wrong[0].message


async def test_a_tool_that_failed_is_a_failure(reached: Program | Address) -> None:
    async with lab(server_of(reached, "broken")) as at:
        failure = await at.failure("broken", reason="password=hunter2")
    assert failure.kind == "tool_error"
    assert "the server says that the call failed" in failure.message
    assert "hunter2" not in failure.message


async def test_images_are_dropped_and_said(reached: Program | Address) -> None:
    async with lab(server_of(reached, "picture")) as at:
        output = await at.output("picture")
    assert output == {"lines": ["the chart"], "server_data": None, "left_out": ["1 image"]}


async def test_the_server_is_told_for_whom_it_is_called(reached: Program | Address) -> None:
    async with lab(server_of(reached, "whoami")) as at:
        told = await at.output("whoami")
    async with lab(server_of(reached, "whoami", tell_caller=False)) as at:
        untold = await at.output("whoami")
    assert "'org': 'T1'" in told["lines"][0]
    assert "'user': 'U1'" in told["lines"][0]
    assert untold["lines"] == ["None"]


async def test_a_tool_that_takes_too_long_is_a_failure_and_the_next_call_goes_on(reached: Program | Address) -> None:
    slow = declared_tool("slow", timeout_seconds=5)
    async with lab(server_of(reached, slow, "find")) as at:
        failure = await at.failure("slow", seconds=600)
        assert failure.kind == "timeout"
        assert (await at.output("find", text="a"))["lines"]


async def test_every_call_is_in_the_ledger_with_its_answer(reached: Program | Address) -> None:
    async with lab(server_of(reached, "find")) as at:
        await at.output("find", text="disk")
        await at.failure("delete_everything")
    entries = at.entries.of("tool_called")
    assert [(entry["tool"], entry["outcome"], entry["on_behalf_of"]) for entry in entries] == [
        ("mcp__metrics__find", "ok", "U1"),
        ("mcp__metrics__delete_everything", "unknown_tool", "U1"),
    ]
    assert entries[0]["result"]["lines"][1] == "second line: password=[redacted]"


async def test_the_real_policies_let_a_declared_tool_through(reached: Program | Address) -> None:
    policies = PolicyAuthorizer(RegorusEngine(load_bundle()), now=now)
    async with lab(server_of(reached, "find"), authorizer=policies) as at:
        assert (await at.output("find", text="disk"))["lines"]


async def test_tasks_of_another_environment_or_org_cannot_call_it(reached: Program | Address) -> None:
    staging = declared_tool("find", environments=frozenset({"staging"}))
    async with lab(server_of(reached, staging)) as at:
        assert (await at.call("find", environment="staging", text="a")).ok
        for environment in ("production", None):
            failure = (await at.call("find", environment=environment, text="a")).failure
            assert failure is not None
            assert failure.kind == "not_allowed"
        assert at.registry.offered_to("incident", org="T1", environment="staging") == ["mcp__metrics__find"]
        assert at.registry.offered_to("incident", org="T1", environment="production") == []
        assert at.registry.offered_to("cost", org="T1", environment="staging") == []
    async with lab(server_of(reached, "find", orgs=frozenset({"T2"}))) as at:
        failure = await at.failure("find", text="a")
        assert failure.kind == "not_allowed"
        assert at.registry.offered_to("incident", org="T1", environment=None) == []


async def test_many_calls_at_once_share_one_server(reached: Program | Address) -> None:
    async with lab(server_of(reached, "find")) as at:
        results = await asyncio.gather(*(at.call("find", text=str(number)) for number in range(12)))
    assert [result.output and result.output["lines"][0] for result in results] == [
        f"first line about {number}" for number in range(12)
    ]


async def test_a_program_gets_no_variable_but_its_own() -> None:
    os.environ["GAVEL_SECRET_FOR_TEST"] = "1"
    try:
        async with lab(server_of(program("good_server.py", ITS_OWN="1"), "environment")) as at:
            seen = set((await at.output("environment"))["server_data"]["result"])
    finally:
        del os.environ["GAVEL_SECRET_FOR_TEST"]
    assert "ITS_OWN" in seen
    assert "GAVEL_SECRET_FOR_TEST" not in seen


async def test_a_crashed_server_fails_the_call_and_is_started_again() -> None:
    async with lab(server_of(program("good_server.py"), "crash", "process")) as at:
        before = (await at.output("process"))["server_data"]["result"]
        assert (await at.failure("crash")).kind == "tool_error"
        soon = await at.call("process")
        while not soon.ok:  # it is asked again after a pause
            assert soon.failure is not None
            assert "asked again" in soon.failure.message
            await asyncio.sleep(0.1)
            soon = await at.call("process")
        assert soon.output is not None
        assert soon.output["server_data"]["result"] != before


async def test_a_server_that_was_started_anew_is_found_again() -> None:
    async with AsyncExitStack() as stack:
        async with over_http(good_server()) as address:
            at = await stack.enter_async_context(lab(server_of(address, "find")))
            assert (await at.call("find", text="a")).ok
        gone = await at.failure("find", text="a")
        assert gone.kind == "tool_error"
        assert "did not answer" in gone.message
        async with over_http(good_server(), port=int(address.url.split(":")[2].partition("/")[0])):
            while not (result := await at.call("find", text="a")).ok:
                assert result.failure is not None
                assert "asked again" in result.failure.message
                await asyncio.sleep(0.1)


async def test_a_server_that_is_away_has_no_tools_and_stops_nobody() -> None:
    nowhere = Address("http://127.0.0.1:9/mcp")
    missing = Program((sys.executable, "-c", "import sys; sys.exit('no licence')"))
    other = replace(server_of(missing, "find"), name="other")
    async with lab(
        server_of(nowhere, "find"), other, replace(server_of(program("good_server.py"), "find"), name="good")
    ) as at:
        assert at.names == ["mcp__good__find"]
        assert (await at.call("find", server="good", text="a")).ok
    away = {survey.server.name: survey.away for survey in at.surveys}
    assert "http://127.0.0.1:9 did not answer" in away["metrics"]
    assert "no licence" in away["other"]
    assert away["good"] == ""


async def test_the_program_ends_with_the_connection() -> None:
    async with lab(server_of(program("good_server.py"), "process")) as at:
        pid = (await at.output("process"))["server_data"]["result"]
        assert psutil.pid_exists(pid)
    assert not psutil.pid_exists(pid)
