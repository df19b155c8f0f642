"""What a server does to the line, the connection and the address is refused, and costs one failed call at most."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.unit.mcp.lab import declared_tool, lab, listening, program, server_of
from tools.mcp.declared import Address


async def test_sampling_elicitation_and_roots_are_declined() -> None:
    async with lab(server_of(program("hostile_server.py", "asks"), "find")) as at:
        lines = (await at.output("find"))["lines"]
    assert lines == ["Sampling not supported", "Elicitation not supported", "List roots not supported"]


async def test_a_line_without_end_ends_the_connection_only() -> None:
    async with lab(server_of(program("hostile_server.py", "a long line"), "find")) as at:
        failure = await at.failure("find")
    assert failure.kind == "tool_error"
    assert "over 1000000 bytes" in failure.message


async def test_a_flood_of_blank_lines_ends_the_connection_and_leaves_others_their_turn() -> None:
    other = replace(server_of(program("good_server.py"), "find"), name="other")
    async with lab(server_of(program("hostile_server.py", "blank lines"), "find"), other) as at:
        flooded = asyncio.create_task(at.failure("find"))
        for _ in range(5):
            assert (await at.call("find", server="other", text="a")).ok
        failure = await flooded
    assert failure.kind == "tool_error"
    assert "blank lines in a row" in failure.message


async def test_garbage_and_strays_between_the_answers_are_passed_over() -> None:
    for how, lines in {
        "noise": ["after the noise"],
        "someone else's answer": ["the answer"],
        "some blank lines": ["after them"],
    }.items():
        async with lab(server_of(program("hostile_server.py", how), "find")) as at:
            assert (await at.output("find"))["lines"] == lines
    async with lab(server_of(program("hostile_server.py", "garbage"), "find")) as at:
        assert (await at.failure("find")).message.endswith("no result of a tool; it was discarded")


async def test_a_list_of_tools_without_end_is_read_to_a_bound() -> None:
    async with lab(server_of(program("hostile_server.py", "endless pages"), "find")) as at:
        assert at.left_out == {"find": "the server has no such tool"}


async def test_a_server_that_never_says_which_tools_it_has_holds_no_start_up() -> None:
    async with lab(server_of(program("hostile_server.py", "mute"), "find", start_seconds=3)) as at:
        assert at.names == []
        assert "took too long" in at.surveys[0].away


async def test_a_silent_server_costs_its_own_time_and_is_killed_at_the_end() -> None:
    silent = declared_tool("find", timeout_seconds=3)
    async with lab(server_of(program("hostile_server.py", "silence"), silent)) as at:
        assert (await at.failure("find")).kind == "timeout"


async def test_redirects_are_not_followed_and_take_no_token_along() -> None:
    seen: list[str | None] = []

    async def elsewhere(request: Request) -> Response:
        seen.append(request.headers.get("authorization"))
        return JSONResponse({})

    async with listening(Starlette(routes=[Route("/{rest:path}", elsewhere, methods=["GET", "POST"])])) as other:

        async def redirects(_request: Request) -> Response:
            return RedirectResponse(f"{other}/mcp", status_code=307)

        async def within(_request: Request) -> Response:
            return RedirectResponse("/elsewhere", status_code=308)

        routes = [Route("/mcp", redirects, methods=["POST"]), Route("/same", within, methods=["POST"])]
        routes.append(Route("/elsewhere", elsewhere, methods=["POST"]))
        async with listening(Starlette(routes=routes)) as origin:
            for path in ("mcp", "same"):
                async with lab(server_of(Address(f"{origin}/{path}", "t0ken"), "find")) as at:
                    assert "redirects are not followed" in at.surveys[0].away
    assert seen == []


async def test_the_token_is_sent_and_a_metadata_address_is_never_asked() -> None:
    seen: list[str | None] = []

    async def refuses(request: Request) -> Response:
        seen.append(request.headers.get("authorization"))
        return Response(status_code=401)

    app = Starlette(routes=[Route("/mcp", refuses, methods=["POST"])])
    async with listening(app) as origin, lab(server_of(Address(f"{origin}/mcp", "t0ken"), "find")) as at:
        assert "HTTP status 401" in at.surveys[0].away
        assert "t0ken" not in at.surveys[0].away
    assert set(seen) == {"Bearer t0ken"}
    async with lab(server_of(Address("http://169.254.169.254/mcp", "t0ken"), "find")) as at:
        assert "must not be asked" in at.surveys[0].away


GARBAGE = {
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "no number for a length": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
    "an answer that breaks off": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
    "no answer": b"",
}


@pytest.mark.parametrize("answer", GARBAGE)
async def test_whatever_it_answers_its_path_and_query_are_told_to_nobody(answer: str) -> None:
    asked: list[bytes] = []

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(GARBAGE[answer])
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answers, "127.0.0.1", 0) as door:
        host, port = door.sockets[0].getsockname()
        address = Address(f"http://{host}:{port}/s/SECRETPATH/mcp?key=SECRETKEY")
        async with lab(server_of(address, "find")) as at:
            told = f"{at.surveys[0].away} {at.left_out}"
    assert b"/s/SECRETPATH/mcp?key=SECRETKEY" in asked[0]
    assert f"http://{host}:{port} did not answer" in told
    assert "SECRET" not in told


@pytest.mark.parametrize("rest", ["/SECRET", "/mcp?key=SECRET", "?key=SECRET", "#SECRET"])
def test_where_a_server_is_names_its_host_and_port_only(rest: str) -> None:
    assert server_of(Address(f"https://mcp.example:8443{rest}")).where == "https://mcp.example:8443"
