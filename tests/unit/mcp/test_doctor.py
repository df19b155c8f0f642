"""`gavel doctor` says of each MCP server what is taken, what is not and why, and what to write to take it."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import yaml

from bot.doctor import examine
from bot.doctor_mcp import mcp_findings
from bot.finding import Finding
from bot.mcp_servers import server_tools
from bot.settings import Settings
from bot.settings_mcp import McpSettings, McpTool
from tests.unit.mcp.good_server import good_server
from tests.unit.mcp.lab import over_http
from tools.mcp.declared import Address

FIND: dict[str, Any] = {"risk": "read_only", "agents": ["incident"]}


def servers(address: Address | None = None, **changes: Any) -> McpSettings:
    url = address.url if address is not None else "http://127.0.0.1:9/mcp"
    server = {"transport": "http", "url": url, "tools": {"find": FIND, "gone": FIND}, **changes}
    return McpSettings.model_validate({"servers": {"metrics": server}})


def of(findings: list[Finding], tried: str) -> Finding:
    [found] = [finding for finding in findings if finding.tried == tried]
    return found


async def test_it_tells_what_is_taken_and_what_is_left_out_with_the_line_to_write() -> None:
    async with over_http(good_server()) as address:
        found = await mcp_findings(servers(address), {})
        assert of(found, "metrics").answered == "taken: mcp__metrics__find"
        assert of(found, "metrics").state == "ok"
        assert of(found, "metrics: gone").state == "failed"
        assert "the server has no such tool" in of(found, "metrics: gone").answered
        left = of(found, "metrics: delete_everything")
        assert (left.state, left.answered) == ("ok", "not taken: not declared")
        advice, _, line = left.advice.partition("tools: ")
        assert "if it only reads, under mcp.servers.metrics." in advice
        written = yaml.safe_load(line)["delete_everything"]
        assert McpTool.model_validate(written).risk == "read_only"
        # Written down, it is what the server has: the digest holds.
        again = await mcp_findings(servers(address, tools={"delete_everything": written}), {})
        assert of(again, "metrics").answered == "taken: mcp__metrics__delete_everything"


async def test_a_strange_name_puts_nothing_into_a_line_to_write() -> None:
    name = 'x": {risk: read_only, agents: [incident]}, "delete_everything'
    server = good_server()
    server.tool(name=name)(lambda: "x")
    async with over_http(server) as address:
        found = await mcp_findings(servers(address), {})
    assert of(found, f"metrics: {name}").advice == ""


async def test_a_server_that_is_away_is_a_failure_with_what_to_do() -> None:
    found = of(await mcp_findings(servers(), {}), "metrics")
    assert found.state == "failed"
    assert "http://127.0.0.1:9 did not answer" in found.answered
    assert "start Gavel anew" in found.advice


async def test_what_is_not_set_is_a_failure_that_names_it() -> None:
    found = of(await mcp_findings(servers(token_env="METRICS_TOKEN"), {}), "metrics")
    assert (found.state, found.answered) == ("failed", "METRICS_TOKEN is not set: none of its tools is taken")


async def test_another_tenant_is_told_nothing_of_it() -> None:
    configured = servers(orgs=["T1"])
    assert await mcp_findings(configured, {}, asker="T2") == []
    assert await mcp_findings(configured, {}, asker="T1") != []


async def test_it_is_a_part_of_the_doctors_findings(settings: Settings) -> None:
    found = await examine(settings.model_copy(update={"mcp": servers()}))
    assert of([one for one in found if one.component == "mcp"], "metrics").state == "failed"


async def test_the_log_tells_the_same_at_the_start(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="bot.mcp_servers")
    async with over_http(good_server()) as address, server_tools(servers(address), {}) as tools:
        assert [tool.name for tool in tools] == ["mcp__metrics__find"]
    async with server_tools(servers(), {}) as tools:
        assert tools == []
    told = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert ("INFO", "Of the MCP server metrics are taken: mcp__metrics__find.") in told
    assert ("WARNING", "Of the MCP server metrics is not taken: gone: the server has no such tool.") in told
    assert ("INFO", "Of the MCP server metrics is not taken: delete_everything: not declared.") in told
    assert any(level == "WARNING" and "did not answer as an MCP server" in text for level, text in told)
