"""Other web sites cannot drive this server; the page is served and safe against what it shows."""

from __future__ import annotations

import json
import re
from importlib import resources

import pytest

from tests.unit.local_slack.harness import OPS, Slack, until

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


async def test_the_page_and_its_parts_are_served_with_a_strict_policy(slack: Slack) -> None:
    async with slack.session.get(slack.base + "/") as response:
        page = await response.text()
        policy = response.headers["Content-Security-Policy"]
        assert response.headers["X-Frame-Options"] == "DENY"
    assert "simulation of Slack" in page
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    for name in set(re.findall(r'(?:src|href)="/([^"]+)"', page)) | {"text.js", "dom.js", "modal.js"}:
        async with slack.session.get(f"{slack.base}/{name}") as response:
            assert response.status == 200, name
            assert response.headers["X-Content-Type-Options"] == "nosniff"
    for missing in ("/etc", "/secret.js", "/__main__.py"):
        async with slack.session.get(slack.base + missing) as response:
            assert response.status == 404


def test_nothing_on_the_page_is_parsed_as_html() -> None:
    folder = resources.files("bot.local.slack") / "page"
    for part in folder.iterdir():
        if part.name.endswith(".js"):
            text = part.read_text("utf-8")
            for door in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "srcdoc"):
                assert door not in text, (part.name, door)


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

    import asyncio

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
