"""Files in the local workspace: uploaded by people and by the app, and handed out as Slack does."""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path

from bot.local.slack.seed import DEFAULT_MANIFEST
from tests.unit.local_slack.harness import GENERAL, OPS, Bot, Slack, running, until
from tools.contracts.common import JsonObject

LOG = b"disk full on web-1"


async def attach(slack: Slack, text: str = "", *, channel: str = OPS, name: str = "app.log") -> JsonObject:
    """Ada sends a message with one file; the file as the message shows it."""
    given = [{"name": name, "data": base64.b64encode(LOG).decode()}]
    said = await slack.act("say", user="ada", channel=channel, text=text, files=given)
    (message, *_) = await slack.thread(said["ts"], channel=channel)
    (file,) = message["files"]
    return file


async def get(slack: Slack, url: str, token: str = "") -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with slack.session.get(url, headers=headers, allow_redirects=False) as response:
        return response.status, await response.read()


async def test_a_message_with_a_file_is_told_as_file_share_and_as_a_mention(slack: Slack, bot: Bot) -> None:
    await attach(slack, "@gavel see this")
    await until(lambda: len(bot.heard) == 2)
    (message,), (mention,) = bot.events("message"), bot.events("app_mention")
    assert message["subtype"] == "file_share"
    assert message["files"][0]["name"] == mention["files"][0]["name"] == "app.log"


async def test_a_message_may_be_nothing_but_a_file(slack: Slack, bot: Bot) -> None:
    await attach(slack, channel="D0ADA00001")
    await until(lambda: len(bot.heard) == 1)
    (message,) = bot.events("message")
    assert (message["text"], message["files"][0]["size"]) == ("", len(LOG))


async def test_a_file_is_handed_out_for_the_apps_token_and_to_nobody_else(slack: Slack) -> None:
    token = slack.workspace.credentials.bot_token
    file = (await slack.call("files.info", file=(await attach(slack))["id"]))["file"]
    for url in (file["url_private"], file["url_private_download"]):
        assert await get(slack, url, token) == (200, LOG)
        for wrong in ("", "xoxb-another", slack.workspace.credentials.app_token):
            status, body = await get(slack, url, wrong)
            assert (status, LOG in body) == (302, False)


async def test_without_the_scopes_there_is_neither_reading_nor_writing(tmp_path: Path) -> None:
    bare = dataclasses.replace(DEFAULT_MANIFEST, scopes=DEFAULT_MANIFEST.scopes - {"files:read", "files:write"})
    async with running(tmp_path, manifest=bare) as slack:
        file = await attach(slack)
        assert await slack.error("files.info", file=file["id"]) == "missing_scope"
        assert await slack.error("files.getUploadURLExternal", filename="a", length=1) == "missing_scope"
        assert (await get(slack, file["url_private"], slack.workspace.credentials.bot_token))[0] == 302


async def test_the_app_uploads_in_three_steps_and_a_ticket_is_good_once(slack: Slack) -> None:
    parent = await slack.say("look here")
    begun = await slack.call("files.getUploadURLExternal", filename="plan.yaml", length=len(LOG))
    assert await slack.error("files.completeUploadExternal", files=[{"id": begun["file_id"]}]) == "file_not_found"
    for status in (200, 400):
        async with slack.session.post(begun["upload_url"], data=LOG) as response:
            assert response.status == status
    done: JsonObject = {
        "files": [{"id": begun["file_id"], "title": "The plan"}],
        "channel_id": OPS,
        "thread_ts": parent,
    }
    assert (await slack.call("files.completeUploadExternal", **done, initial_comment="Here"))["ok"]
    assert await slack.error("files.completeUploadExternal", **done) == "file_not_found"
    message = (await slack.thread(parent))[-1]
    assert (message["text"], message["bot_id"]) == ("Here", "B0GAVEL001")
    assert [(file["name"], file["title"], file["size"]) for file in message["files"]] == [
        ("plan.yaml", "The plan", len(LOG))
    ]


async def test_what_was_promised_and_what_comes_must_be_as_long(slack: Slack) -> None:
    begun = await slack.call("files.getUploadURLExternal", filename="plan.yaml", length=3)
    async with slack.session.post(begun["upload_url"], data=LOG) as response:
        assert response.status == 400
    assert await slack.error("files.getUploadURLExternal", filename="a", length="ten") == "invalid_arguments"
    assert await slack.error("files.getUploadURLExternal", filename="a", length=10**9) == "invalid_arguments"


async def test_a_file_where_the_app_is_no_member_is_not_found(slack: Slack) -> None:
    file = await attach(slack, channel=GENERAL)
    assert await slack.error("files.info", file=file["id"]) == "file_not_found"


async def test_the_page_sees_a_file_and_nothing_of_it_can_run_there(slack: Slack) -> None:
    for name, kind in (("shot.png", "image/png"), ("evil.html", "application/octet-stream"), ("x.svg", None)):
        file = await attach(slack, name=name)
        async with slack.session.get(f"{slack.base}/local/file/{file['id']}") as response:
            assert response.status == 200
            assert response.content_type == (kind or "application/octet-stream")
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            attachment = response.headers.get("Content-Disposition") == "attachment"
            assert attachment == (kind != "image/png")


async def test_files_are_there_after_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as slack:
        file = await attach(slack)
    async with running(tmp_path) as slack:
        again = (await slack.call("files.info", file=file["id"]))["file"]
        assert await get(slack, again["url_private"], slack.workspace.credentials.bot_token) == (200, LOG)
