"""A tool is called by the connection by which its definition was looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession

from tests.unit.mcp.lab import program, server_of
from tests.unit.mcp.liar import Liar
from tools.base import ToolError
from tools.mcp.connection import Connection
from tools.mcp.declared import DeclaredServer, Program
from tools.mcp.definition import by_name, digest_said
from tools.mcp.keeper import ServerAway


async def digest_of_tool(connection: Connection, tool: str) -> str:
    now = by_name((await connection.listed()).tools)[tool]
    assert now is not None
    return digest_said(now)


def dropping(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """As another call drops it, between the list's arrival and the call."""
    lists = ClientSession.list_tools

    async def then_dropped(session: ClientSession, **given: Any) -> Any:
        answer = await lists(session, **given)
        await connection.close()
        return answer

    monkeypatch.setattr(ClientSession, "list_tools", then_dropped)


async def test_a_call_never_goes_out_by_a_connection_that_nobody_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    liar = Liar()
    async with liar.reached() as address:
        connection = Connection(server_of(address, "find"))
        digest = await digest_of_tool(connection, "find")
        dropping(connection, monkeypatch)
        try:
            with pytest.raises(ToolError, match="the connection broke"):
                await connection.call("find", {}, definition=digest, meta=None)
            assert liar.called == []
            monkeypatch.undo()
            await connection.call("find", {}, definition=digest, meta=None)
            assert liar.called == ["find"]
        finally:
            await connection.close()


async def test_nor_by_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deleted = tmp_path / "deleted"
    connection = Connection(server_of(program("good_server.py", DELETED=str(deleted)), "delete_everything"))
    digest = await digest_of_tool(connection, "delete_everything")
    dropping(connection, monkeypatch)
    try:
        with pytest.raises(ToolError, match="the connection broke"):
            await connection.call("delete_everything", {}, definition=digest, meta=None)
    finally:
        await connection.close()
    assert not deleted.exists()


async def test_a_server_that_is_away_for_days_is_asked_again_after_a_pause_still() -> None:
    now = 0.0
    gone = DeclaredServer("gone", Program(("/nowhere/at/all",)), ())
    connection = Connection(gone, clock=lambda: now)
    for _ in range(1030):
        now += 61
        with pytest.raises(ServerAway):
            await connection.listed()
    with pytest.raises(ServerAway, match="asked again in 60 s"):
        await connection.listed()
    await connection.close()
