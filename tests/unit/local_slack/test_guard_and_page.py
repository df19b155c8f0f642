"""Other web sites cannot drive this server; the page is served and safe against what it shows."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from importlib import resources
from pathlib import Path

import pytest
from yarl import URL

from bot.local.slack.pages import Page
from tests.unit.local_slack.harness import OPS, Slack, running, until

SAY = json.dumps({"user": "ada", "channel": OPS, "text": "@gavel delete everything"})
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "headers",
    [
        {**JSON, "Host": "evil.example"},
        {**JSON, "Host": "127.0.0.1.evil.example"},
        {**JSON, "Host": "[bad"},
        {**JSON, "Origin": "http://evil.example"},
        {**JSON, "Origin": "null"},
        {**JSON, "Origin": "http://127.0.0.1:1"},
        {**JSON, "Sec-Fetch-Site": "cross-site"},
        {**JSON, "Sec-Fetch-Site": "same-site"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
    ],
)
async def test_a_forged_request_is_refused_and_does_nothing(slack: Slack, headers: dict[str, str]) -> None:
    async with slack.session.post(f"{slack.base}/local/say", data=SAY, headers=headers) as response:
        assert response.status in {400, 403}
    assert (await slack.look("channel", channel=OPS))["messages"] == []


async def test_another_name_for_this_machine_cannot_read_either(slack: Slack) -> None:
    for path in ("/", "/local/state", "/local/stream", "/api/auth.test"):
        async with slack.session.get(slack.base + path, headers={"Host": "rebound.example"}) as response:
            assert response.status == 403
    async with slack.session.get(f"{slack.base}/local/state", headers={"Sec-Fetch-Site": "cross-site"}) as response:
        assert response.status == 403


async def test_the_page_itself_may(slack: Slack) -> None:
    headers = {**JSON, "Origin": slack.base, "Sec-Fetch-Site": "same-origin"}
    async with slack.session.post(f"{slack.base}/local/say", data=SAY, headers=headers) as response:
        assert (await response.json())["ok"] is True
    port = slack.base.rpartition(":")[2]
    async with slack.session.get(f"http://localhost:{port}/local/state") as response:
        assert response.status == 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a page is, of which only the sentence that it is not built is there."""
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "unbuilt.html").write_text("not built: make page")
    (tmp_path / "page" / "secret.js").write_text("secret")
    return tmp_path / "page"


@pytest.fixture
async def paged(tmp_path: Path, folder: Path) -> AsyncGenerator[Slack]:
    async with running(tmp_path / "data", page=Page(folder)) as workspace:
        yield workspace


async def test_until_the_page_is_built_it_says_how_to_build_it_and_then_it_is_there(paged: Slack, folder: Path) -> None:
    async with paged.session.get(paged.base + "/") as response:
        assert (response.status, await response.text()) == (200, "not built: make page")
    (folder / "dist" / "assets").mkdir(parents=True)
    (folder / "dist" / "index.html").write_text("the page")
    (folder / "dist" / "assets" / "index-1.js").write_text("1")
    for path in ("/", "/archives/C0OPS00001/p1234567890123456"):
        async with paged.session.get(paged.base + path) as response:
            assert (response.content_type, await response.text()) == ("text/html", "the page")
    async with paged.session.get(f"{paged.base}/assets/index-1.js") as response:
        assert (response.content_type, await response.text()) == ("text/javascript", "1")
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_nothing_but_what_was_built_is_served(paged: Slack, folder: Path) -> None:
    (folder / "dist" / "assets").mkdir(parents=True)
    (folder / "dist" / "assets" / "notes.txt").write_text("notes")
    for missing in (
        *("/etc", "/secret.js", "/__main__.py", "/assets/", "/assets/none.js", "/assets/notes.txt"),
        *("/assets/..%2f..%2fsecret.js", "/assets/%2e%2e/secret.js", "/assets/%5c..%5csecret.js"),
    ):
        async with paged.session.get(URL(paged.base + missing, encoded=True)) as response:
            assert response.status == 404, missing


async def test_what_stands_in_for_the_page_says_what_to_do_and_needs_no_script(slack: Slack) -> None:
    page = (resources.files("bot.local.slack") / "page" / "unbuilt.html").read_text("utf-8")
    assert "simulation of Slack" in page
    assert "make page" in page
    assert not re.search(r"<script|<style| style=| on[a-z]+=", page), "the policy would refuse it"


async def test_the_page_is_served_with_a_strict_policy(slack: Slack) -> None:
    async with slack.session.get(slack.base + "/") as response:
        policy = response.headers["Content-Security-Policy"]
        assert response.headers["X-Frame-Options"] == "DENY"
    for rule in ("default-src 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_nothing_on_the_page_is_parsed_as_html() -> None:
    folder = resources.files("bot.local.slack") / "page" / "src"
    sources = [part for part in Path(str(folder)).rglob("*") if part.suffix in {".ts", ".tsx"}]
    assert len(sources) > 20
    doors = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "srcdoc", "DOMParser")
    for part in sources:
        text = part.read_text("utf-8")
        assert not [door for door in doors if door in text], part


async def test_a_viewer_hears_nothing_of_conversations_they_are_not_in(slack: Slack) -> None:
    heard: list[str] = []

    async def read() -> None:
        params = {"viewer": "U0GRACE001"}
        async with slack.session.get(f"{slack.base}/local/stream", params=params) as response:
            async for line in response.content:
                if line.startswith(b"data:"):
                    heard.append(json.loads(line[5:])["message"]["text"])
                    return

    reader = asyncio.create_task(read())
    await asyncio.sleep(0.2)
    await slack.say("between Ada and Gavel", channel="D0ADA00001")
    await slack.say("for everybody")
    await until(reader.done)
    assert heard == ["for everybody"]


async def test_the_state_says_what_is_new_and_how_commands_are_used(slack: Slack) -> None:
    first = await slack.say("one")
    await slack.call("chat.postEphemeral", channel=OPS, user="U0ADA00001", text="only you")
    state = await slack.look("state")
    assert state["latest"] == {OPS: first}
    assert [each["command"] for each in state["command_help"]] == state["commands"] == ["/gavel"]
    assert "ask" in state["command_help"][0]["usage_hint"]
    assert [(each["type"], each["name"]) for each in state["shortcuts"]] == [
        ("global", "Ask Gavel"),
        ("message", "Ask Gavel about this"),
    ]


async def test_changes_arrive_live_and_ephemerals_only_at_their_reader(slack: Slack) -> None:
    heard: dict[str, list[str]] = {"ada": [], "grace": []}

    async def read(viewer: str, user: str) -> None:
        async with slack.session.get(f"{slack.base}/local/stream", params={"viewer": user}) as response:
            assert response.headers["Content-Type"] == "text/event-stream"
            async for line in response.content:
                if line.startswith(b"data:"):
                    event = json.loads(line[5:])
                    heard[viewer].append(event["message"]["text"])
                    if len(heard[viewer]) == (2 if viewer == "ada" else 1):
                        return

    readers = [asyncio.create_task(read("ada", "U0ADA00001")), asyncio.create_task(read("grace", "U0GRACE001"))]
    await asyncio.sleep(0.2)
    await slack.call("chat.postEphemeral", channel=OPS, user="U0ADA00001", text="only you")
    await slack.post(text="everyone")
    await until(lambda: all(reader.done() for reader in readers))
    assert heard == {"ada": ["only you", "everyone"], "grace": ["everyone"]}


async def test_what_is_not_there_is_404(slack: Slack) -> None:
    for path in ("thread?channel=ops&ts=1.1", "channel?channel=nowhere", "state?viewer=nobody"):
        async with slack.session.get(f"{slack.base}/local/{path}") as response:
            assert response.status == 404
            assert (await response.json())["ok"] is False
