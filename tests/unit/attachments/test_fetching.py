"""The bot's token goes to Slack's own file host and nowhere else, and no more comes back than was agreed."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from bot.attachments import fetching
from bot.attachments.fetching import Fetcher, file_origin
from bot.attachments.recognising import FileRefused
from bot.slack_web import SlackRetryable

TOKEN = "xoxb-the-bots-own-token"


@dataclass
class Host:
    """A file host that answers as it is told, and remembers who came with what."""

    address: str = ""
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
    tokens: list[str] = field(default_factory=list[str])

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.tokens.append(request.headers.get("Authorization", ""))
        assert self.answer is not None
        return await self.answer(request)

    @property
    def fetcher(self) -> Fetcher:
        return Fetcher(TOKEN, self.address)


async def _serve(host: Host) -> web.AppRunner:
    app = web.Application()
    app.router.add_get("/{path:.*}", host.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    return runner


@pytest.fixture
async def host() -> AsyncGenerator[Host]:
    made = Host()
    runner = await _serve(made)
    yield made
    await runner.cleanup()


@pytest.fixture
async def elsewhere() -> AsyncGenerator[Host]:
    made = Host(answer=_says(b"stolen"))
    runner = await _serve(made)
    yield made
    await runner.cleanup()


def _says(body: bytes, **headers: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return answer


def _status(status: int, **headers: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return answer


async def test_a_file_comes_whole_for_the_token(host: Host) -> None:
    host.answer = _says(b"x" * 200_000)
    assert await host.fetcher.fetch(f"{host.address}/files-pri/T-F/a.log", most_bytes=200_000) == b"x" * 200_000
    assert host.tokens == [f"Bearer {TOKEN}"]


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "{elsewhere}/files-pri/T-F/a.log",
        "http://user@{host_port}/files-pri/T-F/a.log",
        "http://{host_port}@{elsewhere_port}/a.log",
        "http://{host_port}\\@{elsewhere_port}/a.log",
        "https://{host_port}/a.log",
        "http://localhost:{port}/a.log",
        "//{elsewhere_port}/a.log",
        "http://{host_port}:80/a.log",
        "http://[::1/a.log",
        " http://{host_port}/a.log",
        "http://{host_port}/a\r\nX-Evil: 1",
        "",
    ],
)
async def test_no_other_address_is_asked(host: Host, elsewhere: Host, url: str) -> None:
    host.answer = _says(b"fine")
    host_port, elsewhere_port = (each.address.removeprefix("http://") for each in (host, elsewhere))
    filled = (
        url.replace("{elsewhere}", elsewhere.address)
        .replace("{host_port}", host_port)
        .replace("{elsewhere_port}", elsewhere_port)
        .replace("{port}", host_port.rpartition(":")[2])
    )
    with pytest.raises(FileRefused, match="addresses elsewhere are not fetched"):
        await host.fetcher.fetch(filled, most_bytes=100)
    assert host.tokens == []
    assert elsewhere.tokens == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(host: Host, elsewhere: Host, status: int) -> None:
    host.answer = _status(status, Location=f"{elsewhere.address}/a.log")
    with pytest.raises(FileRefused, match="files:read"):
        await host.fetcher.fetch(f"{host.address}/a.log", most_bytes=100)
    assert elsewhere.tokens == []


async def test_what_is_too_large_is_cut_off_while_it_comes(host: Host) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(10_000):
            await response.write(b"x" * 65_536)
            sent += 65_536
        return response

    host.answer = endless
    with pytest.raises(FileRefused, match=r"larger than 0\.1 MB"):
        await host.fetcher.fetch(f"{host.address}/a.log", most_bytes=100_000)
    assert sent < 20_000_000


@pytest.mark.parametrize("begun", [False, True])
async def test_a_host_that_takes_too_long_is_not_waited_for(
    host: Host, monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    async def drips(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if begun:
            await response.prepare(request)
        for _ in range(600):
            await asyncio.sleep(0.1)
            if begun:
                await response.write(b"x")
        return response

    monkeypatch.setattr(fetching, "SECONDS", 0.4)
    host.answer = drips
    async with asyncio.timeout(30):
        with pytest.raises(SlackRetryable, match="TimeoutError"):
            await host.fetcher.fetch(f"{host.address}/a.log", most_bytes=100)


async def test_a_compressed_bomb_is_not_unpacked(host: Host) -> None:
    host.answer = _says(gzip.compress(b"0" * 50_000_000), Content_Encoding="gzip")
    with pytest.raises(FileRefused, match="encoding"):
        await host.fetcher.fetch(f"{host.address}/a.log", most_bytes=1_000_000)


@pytest.mark.parametrize(("status", "seconds"), [(429, 7.0), (500, None), (503, None)])
async def test_slack_being_away_is_waited_for(host: Host, status: int, seconds: float | None) -> None:
    host.answer = _status(status, **({"Retry_After": "7"} if seconds else {}))
    with pytest.raises(SlackRetryable) as away:
        await host.fetcher.fetch(f"{host.address}/a.log", most_bytes=100)
    assert away.value.retry_after == seconds


@pytest.mark.parametrize(("status", "said"), [(401, "files:read"), (403, "files:read"), (404, "no longer has it")])
async def test_what_slack_does_not_hand_out_is_said(host: Host, status: int, said: str) -> None:
    host.answer = _status(status)
    with pytest.raises(FileRefused, match=said):
        await host.fetcher.fetch(f"{host.address}/a.log", most_bytes=100)


def test_the_token_is_in_no_repr() -> None:
    assert TOKEN not in repr(Fetcher(TOKEN, "https://files.slack.com"))


@pytest.mark.parametrize(
    ("api", "origin"),
    [
        ("https://slack.com/api/", "https://files.slack.com"),
        ("https://www.slack.com/api/", "https://files.slack.com"),
        ("https://slack-gov.com/api/", "https://files.slack-gov.com"),
        ("http://127.0.0.1:3999/api/", "http://127.0.0.1:3999"),
    ],
)
def test_files_are_where_the_workspace_is(api: str, origin: str) -> None:
    assert file_origin(api) == origin
