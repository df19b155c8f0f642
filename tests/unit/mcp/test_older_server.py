"""Most MCP servers speak the protocol of 2025, with a handshake and, over HTTP, a session. So does this one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.unit.mcp.lab import lab, listening, server_of
from tools.mcp.declared import Address
from tools.mcp.http import ByOneDoor
from tools.mcp.trouble import Trouble
from tools.outbound import Outbound

TOOL: dict[str, Any] = {"name": "find", "description": "Finds.", "inputSchema": {"type": "object", "properties": {}}}


@dataclass
class Older:
    sessions: set[str] = field(default_factory=set[str])
    seen: list[str] = field(default_factory=list[str])
    """Method of HTTP, and of JSON-RPC."""
    enough: int = 0

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/mcp", self.answer, methods=["GET", "POST", "DELETE"])])

    async def answer(self, request: Request) -> Response:
        session = request.headers.get("mcp-session-id")
        if request.method != "POST":
            self.seen.append(request.method)
            return Response(status_code=200)
        asked: dict[str, Any] = await request.json()
        method, number = asked["method"], asked.get("id")
        self.seen.append(method)
        if method == "server/discover":
            return JSONResponse({"jsonrpc": "2.0", "id": number, "error": {"code": -32601, "message": "no"}}, 400)
        if method == "initialize":
            self.sessions.add(new := f"s{len(self.sessions) + self.enough}")
            info = {"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "o", "version": "1"}}
            return JSONResponse({"jsonrpc": "2.0", "id": number, "result": info}, headers={"Mcp-Session-Id": new})
        if session not in self.sessions:
            return Response(status_code=404)
        results: dict[str, Any] = {
            "tools/list": {"tools": [TOOL]},
            "tools/call": {"content": [{"type": "text", "text": f"in {session}"}]},
        }
        if method in results:
            return JSONResponse({"jsonrpc": "2.0", "id": number, "result": results[method]})
        return Response(status_code=202)


async def test_it_is_called_in_its_session_which_ends_with_the_connection() -> None:
    older = Older()
    async with listening(older.app()) as origin:
        async with lab(server_of(Address(f"{origin}/mcp"), "find")) as at:
            assert (await at.output("find"))["lines"] == ["in s0"]
            assert (await at.output("find"))["lines"] == ["in s0"]
        assert older.seen.count("initialize") == 1
        assert older.seen[-1] == "DELETE"
        assert "GET" not in older.seen


async def test_one_that_forgot_the_session_is_asked_in_a_new_one() -> None:
    older = Older()
    async with listening(older.app()) as origin, lab(server_of(Address(f"{origin}/mcp"), "find")) as at:
        assert (await at.output("find"))["lines"] == ["in s0"]
        older.sessions.clear()
        older.enough = 7
        assert (await at.output("find"))["lines"] == ["in s7"]


async def test_no_stream_is_opened_that_the_server_could_write_into_by_itself() -> None:
    older = Older()
    async with listening(older.app()) as origin, Outbound(origin, "configured") as outbound:
        door = ByOneDoor(outbound, Trouble())
        async with httpx2.AsyncClient(transport=door) as client:
            assert (await client.get(f"{origin}/mcp")).status_code == 405
    assert older.seen == []
