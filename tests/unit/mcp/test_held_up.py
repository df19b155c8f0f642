"""A server that makes its definitions dear to judge holds up nobody else: nothing is judged but what was asked for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mcp_types import Tool as WireTool

from tests.unit.mcp.lab import lab, server_of
from tests.unit.mcp.liar import NOTHING, Liar, find
from tools.contracts.common import JsonObject
from tools.json_schema import StrangersCheck
from tools.mcp.connection import Connection
from tools.mcp.schema import taken
from tools.mcp.stdio import listen_to_errors
from tools.mcp.surveying import survey
from tools.mcp.trouble import Trouble


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[JsonObject]:
    """Each schema that is judged, which is what takes long."""
    found: list[JsonObject] = []

    def noted(schema: JsonObject) -> StrangersCheck:
        found.append(schema)
        return taken(schema)

    monkeypatch.setattr("tools.mcp.definition.taken", noted)
    return found


def dear(name: str = "find") -> WireTool:
    properties: dict[str, Any] = {f"p{n}": {"type": "string", "pattern": f"^[a-z]{{{n}}}$"} for n in range(20)}
    return find(name=name, input_schema={**NOTHING, "properties": properties})


async def test_a_schema_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[JsonObject] = []

    class Noted(StrangersCheck):
        def __init__(self, schema: JsonObject) -> None:
            compiled.append(schema)
            super().__init__(schema)

    for user in ("tools.json_schema", "tools.mcp.schema"):
        monkeypatch.setattr(f"{user}.StrangersCheck", Noted)
    liar = Liar()
    async with liar.reached() as address, lab(server_of(address, "find")) as at:
        assert at.names == ["mcp__metrics__find"]
        assert isinstance(at.registry.input_check("mcp__metrics__find"), Noted)
    assert len(compiled) == 1


async def test_a_definition_that_changed_is_refused_without_being_judged(judged: list[JsonObject]) -> None:
    liar = Liar()
    async with liar.reached() as address, lab(server_of(address, "find")) as at:
        assert judged == [NOTHING]
        liar.tools = [dear()]
        assert "changed this tool since Gavel was started" in (await at.failure("find")).message
        liar.tools = [find(), dear()]
        assert "changed this tool since Gavel was started" in (await at.failure("find")).message
    assert judged == [NOTHING]
    assert liar.called == []


async def test_tools_that_nobody_declared_are_listed_without_being_judged(judged: list[JsonObject]) -> None:
    liar = Liar(tools=[find(), *(dear(f"t{n}") for n in range(40)), dear("two"), dear("two")])
    async with liar.reached() as address, lab(server_of(address, "find", "two")) as at:
        assert at.names == ["mcp__metrics__find"]
        assert at.left_out["t7"] == "not declared"
        assert at.left_out["two"] == "the server has two of this name"
        [left] = [left for left in at.surveys[0].left_out if left.tool == "t7"]
        assert left.digest.startswith("sha256:")
    assert judged == [NOTHING]


async def test_others_have_their_turn_while_a_server_floods_its_errors() -> None:
    errors, trouble, turns = asyncio.StreamReader(), Trouble(), 0
    errors.feed_data(b"x" * 1_000_000)
    errors.feed_eof()
    listening = asyncio.create_task(listen_to_errors(errors, trouble))
    while not listening.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 200
    assert "its last words: xxx" in trouble.with_it("")


async def test_others_have_their_turn_while_tools_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """And so who waits can give up."""
    liar = Liar(tools=[find(name=f"t{n}") for n in range(50)])
    async with liar.reached() as address:
        connection = Connection(server_of(address, *(f"t{n}" for n in range(50))))
        await connection.listed()
        seen: list[JsonObject] = []
        at_the_first = asyncio.Event()

        def noted(schema: JsonObject) -> StrangersCheck:
            seen.append(schema)
            at_the_first.set()
            return taken(schema)

        monkeypatch.setattr("tools.mcp.definition.taken", noted)
        asking = asyncio.create_task(survey(connection))
        try:
            await at_the_first.wait()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        finally:
            await connection.close()
    assert len(seen) < 50
