"""HTTP goes out to the server that was configured, at an address that was checked, and nowhere else."""

from __future__ import annotations

import ast
import socket
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from tools.outbound import CheckedResolver, Outbound, OutboundRefused, Reach, is_within, origin_of

UNSPECIFIED = str(IPv4Address(0))
ROOT = Path(__file__).parents[3]


@dataclass
class Server:
    """On this machine. Remembers what it was asked."""

    port: int = 0
    asked: list[str] = field(default_factory=list[str])
    redirect: str = ""
    status: int = 302

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.method} {request.path} {request.headers.get('Authorization', '')}")
        if self.redirect:
            return web.Response(status=self.status, headers={"Location": self.redirect})
        return web.Response(text="here")


async def started(server: Server) -> web.AppRunner:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.port = int(runner.addresses[0][1])
    return runner


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    made = Server()
    runner = await started(made)
    yield made
    await runner.cleanup()


@pytest.fixture
async def other() -> AsyncGenerator[Server]:
    made = Server()
    runner = await started(made)
    yield made
    await runner.cleanup()


@dataclass
class Names(AbstractResolver):
    """Answers what it is told, one list after the other."""

    answers: list[list[str]]
    asked: int = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [
            ResolveResult(hostname=host, host=one, port=port, family=socket.AF_INET, proto=0, flags=0)
            for one in addresses
        ]

    async def close(self) -> None:
        pass


async def get(outbound: Outbound, path: str = "/x") -> str:
    async with outbound, outbound.request("GET", f"{outbound.origin}{path}") as response:
        return f"{response.status} {await response.text()}"


async def test_a_server_of_this_machine_is_asked_where_it_was_configured(server: Server) -> None:
    assert await get(Outbound(f"http://127.0.0.1:{server.port}", "configured")) == "200 here"
    assert await get(Outbound(f"http://localhost:{server.port}", "configured")) == "200 here"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_no_way_on(server: Server, other: Server, status: int) -> None:
    server.redirect, server.status = f"http://127.0.0.1:{other.port}/secret", status
    assert (await get(Outbound(f"http://127.0.0.1:{server.port}", "configured"))).startswith(f"{status} ")
    server.redirect = "/again"
    assert (await get(Outbound(f"http://127.0.0.1:{server.port}", "configured"))).startswith(f"{status} ")
    assert len(server.asked) == 2
    assert other.asked == []


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.7", "169.254.169.254", UNSPECIFIED, "::1", "::ffff:127.0.0.1", "fd00::1", "100.100.100.200"],
)
async def test_a_public_name_that_stands_for_an_address_inside_is_not_asked(server: Server, address: str) -> None:
    for answers in ([address], ["93.184.216.34", address]):
        outbound = Outbound(f"https://files.example:{server.port}", "public", resolver=Names([answers]))
        with pytest.raises(OutboundRefused, match="must not be asked"):
            await get(outbound)
    assert server.asked == []


async def test_a_name_that_answers_otherwise_a_moment_later_changes_nothing(server: Server) -> None:
    names = Names([["192.0.2.1"], ["127.0.0.1"]])
    outbound = Outbound(f"http://rebound.example:{server.port}", "configured", timeout_seconds=1, resolver=names)
    with pytest.raises((aiohttp.ClientError, TimeoutError)):
        await get(outbound)
    assert names.asked == 1, "what was checked is what is connected to"
    assert server.asked == []


@pytest.mark.parametrize(
    ("origin", "reach"),
    [
        ("https://127.0.0.1", "public"),
        ("https://[::1]", "public"),
        ("https://[::ffff:10.0.0.1]", "public"),
        ("https://169.254.169.254", "public"),
        ("http://169.254.169.254", "configured"),
        ("http://[fd00:ec2::254]", "configured"),
        ("http://[64:ff9b::a9fe:a9fe]", "configured"),
        ("http://[fe80::1]", "configured"),
        ("http://files.slack.com", "public"),
    ],
)
async def test_an_address_that_must_not_be_asked_is_not_though_it_is_written_as_one(origin: str, reach: Reach) -> None:
    with pytest.raises(OutboundRefused):
        await get(Outbound(origin, reach))


@pytest.mark.parametrize("odd", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1"])
async def test_numbers_that_stand_for_an_address_are_none(server: Server, odd: str) -> None:
    with pytest.raises((OutboundRefused, aiohttp.ClientError)):
        await get(Outbound(f"https://{odd}:{server.port}", "public"))
    assert server.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/x",
        "http://127.0.0.1:{port}@elsewhere.example/x",
        "http://u@127.0.0.1:{port}/x",
        "http://127.0.0.1:{port}\\@elsewhere.example/x",
        "http://127.0.0.1:1/x",
        "http://localhost:{port}/x",
        "https://127.0.0.1:{port}/x",
        "http://127.0.0.1:{port}/x y",
        "http://127.0.0.1:{port}/x\r\nX-Evil: 1",
        "http://[::1/x",
        "//127.0.0.1:{port}/x",
        "file:///etc/passwd",
        "",
    ],
)
async def test_no_other_server_is_asked_however_it_is_written(server: Server, url: str) -> None:
    async with Outbound(f"http://127.0.0.1:{server.port}", "configured") as outbound:
        with pytest.raises(OutboundRefused):
            async with outbound.request("GET", url.replace("{port}", str(server.port))):
                pass
    assert server.asked == []


async def test_a_proxy_of_the_environment_is_no_server_that_is_asked(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://localhost:{server.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    names = Names([["127.0.0.1"]])
    # The proxy is inside, and the server outside is looked up by it.
    outbound = Outbound("http://estate.example", "configured", trust_env=True, resolver=names)
    assert await get(outbound) == "200 here"
    assert server.asked == ["GET /x "]
    checked = CheckedResolver("files.slack.com", "public", names)
    assert [one["host"] for one in await checked.resolve("proxy.inside")] == ["127.0.0.1"]
    with pytest.raises(OutboundRefused):
        await checked.resolve("files.slack.com")


@pytest.mark.parametrize(
    ("address", "public", "configured"),
    [
        ("93.184.216.34", True, True),
        ("2606:4700::1", True, True),
        ("::1", False, True),
        ("fd20:ce::254", False, False),
        ("168.63.129.16", False, False),
        ("192.0.0.192", False, False),
        ("10.1.2.3", False, True),
        ("100.64.0.1", False, True),
        ("127.0.0.1", False, True),
        ("fd12::1", False, True),
        ("::ffff:93.184.216.34", True, True),
        ("2002:0a00:0001::", False, True),
        ("169.254.1.1", False, False),
        ("fe80::1%eth0", False, False),
        ("224.0.0.1", False, False),
        ("240.0.0.1", False, False),
        (UNSPECIFIED, False, False),
        ("::", False, False),
        ("not an address", False, False),
        ("", False, False),
    ],
)
def test_where_a_server_may_be(address: str, public: bool, configured: bool) -> None:
    assert (is_within(address, "public"), is_within(address, "configured")) == (public, configured)


def test_the_origin_is_scheme_host_and_port() -> None:
    assert origin_of("https://qlrf.example.com:8443/api?x=1") == "https://qlrf.example.com:8443"


_HTTP = {"ClientSession", "request", "urlopen", "AsyncClient", "Client", "HTTPConnection", "HTTPSConnection"}
_LIBRARIES = {"aiohttp", "httpx", "requests", "urllib.request", "urllib3", "http.client"}


def _goes_out(path: Path) -> list[str]:
    """Where a module begins HTTP on its own."""
    tree = ast.parse(path.read_text("utf-8"))
    imported = {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in _LIBRARIES
        for name in node.names
    }
    found = [
        ast.unparse(node.func)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id in imported & _HTTP)
            or (
                isinstance(node.func, ast.Attribute)
                and node.func.attr in _HTTP
                and ast.unparse(node.func.value) in _LIBRARIES
            )
        )
    ]
    return [f"{path.relative_to(ROOT)}: {name}" for name in found]


def test_nothing_else_goes_out_by_http() -> None:
    """The local stand-ins talk to each other on this machine, and are none of what runs for real."""
    modules = [
        path
        for folder in ("bot", "agents", "tools", "policies", "prompts")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if not path.is_relative_to(ROOT / "bot" / "local")
    ]
    found = [one for path in modules for one in _goes_out(path)]
    assert found == ["tools/outbound.py: aiohttp.ClientSession"]
