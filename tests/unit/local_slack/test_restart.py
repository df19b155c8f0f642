"""What survives a restart, and the process that serves it."""

from __future__ import annotations

import asyncio
import json
import signal
import stat
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.local.slack.credentials import load_credentials
from bot.local.slack.journal import Journal, JournalError
from bot.local.slack.outbox import Patience
from bot.local.slack.seed import manifest_from
from bot.local.slack.workspace import Workspace
from tests.unit.local_slack.harness import ADA, OPS, TEAM, actions, button, connected, running, until
from tools.contracts.common import JsonObject

METADATA = {"event_type": "gavel_card", "event_payload": {"key": "k"}}


async def test_messages_streams_edits_and_groups_survive(tmp_path: Path) -> None:
    async with running(tmp_path) as slack:
        token = slack.workspace.credentials.bot_token
        parent = await slack.say("@gavel hi")
        ts = await slack.post(thread_ts=parent, blocks=[actions(button("go"))], metadata=METADATA)
        await slack.call("chat.update", channel=OPS, ts=ts, text="edited")
        stream = await slack.call(
            "chat.startStream",
            channel=OPS,
            thread_ts=parent,
            recipient_team_id=TEAM,
            recipient_user_id=ADA,
            chunks=[{"type": "task_update", "id": "a", "title": "Look", "status": "in_progress"}],
        )
        gone = await slack.post()
        await slack.call("chat.delete", channel=OPS, ts=gone)
        await slack.call("chat.postEphemeral", channel=OPS, user=ADA, text="psst", thread_ts=parent)
        await slack.act("usergroup", usergroup="gavel-approvers", users=["linus"])
        before = await slack.thread(parent, viewer="ada")
    async with running(tmp_path) as slack:
        assert slack.workspace.credentials.bot_token == token
        assert await slack.thread(parent, viewer="ada") == before
        assert before[1]["metadata"] == METADATA
        more = [{"type": "task_update", "id": "a", "title": "Look", "status": "complete"}]
        assert await slack.error("chat.stopStream", channel=OPS, ts=stream["ts"], chunks=more) == "ok"
        assert slack.workspace.usergroup("gavel-approvers").users == ["U0LINUS001"]
        history = await slack.call("conversations.history", channel=OPS)
        assert [each["ts"] for each in history["messages"]] == [parent]
        assert float(await slack.post()) > float(before[-1]["ts"])


async def test_what_was_not_delivered_is_delivered_after_a_restart_and_what_was_is_not(tmp_path: Path) -> None:
    patient = Patience(ack=5, retries=(0.2,) * 100)
    async with running(tmp_path, patience=patient) as slack:
        async with connected(slack) as bot:
            await slack.say("<@U0GAVEL001> heard")
            await until(lambda: len(bot.heard) == 2)  # the mention and the message
        await slack.say("<@U0GAVEL001> unheard")
    async with running(tmp_path, patience=patient) as slack, connected(slack) as bot:
        await until(lambda: len(bot.heard) == 2)
        assert {event["text"] for event in bot.events("app_mention")} == {"<@U0GAVEL001> unheard"}
    async with running(tmp_path, patience=patient) as slack:
        assert slack.workspace.owed == {}


async def test_a_ts_is_never_reused_even_when_the_clock_goes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace(tmp_path)
    last = workspace.next_ts()
    workspace.say(workspace.user("ada"), workspace.channel("ops"), text="x")
    workspace.close()
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000_000)
    again = Workspace(tmp_path)
    assert float(again.next_ts()) > float(last)
    again.close()


def test_a_half_written_line_is_cut_off_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'["a",{"n":1}]\n["b",{"n":2}]\n["c",{"n"')
    journal = Journal(path)
    assert list(journal.entries()) == [("a", {"n": 1}), ("b", {"n": 2})]
    journal.append("d", {"n": 4})
    assert [key for key, _ in journal.entries()] == ["a", "b", "d"]
    journal.close()
    path.write_bytes(b'["a",{"n":1}]\nrubbish\n["b",{"n":2}]\n')
    journal = Journal(path)
    with pytest.raises(JournalError, match="line 2 is damaged"):
        list(journal.entries())
    journal.close()


def test_the_journal_holds_each_message_once_after_a_restart(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    message = workspace.say(workspace.user("ada"), workspace.channel("ops"), text="x")
    for number in range(50):
        previous = message.shown()
        message.text = str(number)
        workspace.edited(message, previous, editor=ADA)
    workspace.close()
    Workspace(tmp_path).close()
    assert len((tmp_path / "journal.jsonl").read_bytes().splitlines()) == 2


def test_any_text_survives(tmp_path: Path) -> None:
    hostile = "\ud800 \x00 \u2028 \U0001f680 \\n \" ' </script>"
    workspace = Workspace(tmp_path)
    ts = workspace.say(workspace.user("ada"), workspace.channel("ops"), text=hostile).ts
    workspace.close()
    again = Workspace(tmp_path)
    message = again.message(OPS, ts)
    assert message is not None
    assert message.text == hostile
    again.close()


def test_one_process_at_a_time_has_the_data(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with pytest.raises(JournalError, match="in use by another"):
        Workspace(tmp_path)
    workspace.close()
    Workspace(tmp_path).close()


def test_credentials_are_made_once_for_their_owner_only(tmp_path: Path) -> None:
    first = load_credentials(tmp_path)
    assert first == load_credentials(tmp_path)
    assert (first.bot_token[:5], first.app_token[:5]) == ("xoxb-", "xapp-")
    assert stat.S_IMODE((tmp_path / "credentials.json").stat().st_mode) == 0o600
    given = load_credentials(tmp_path, given={"bot_token": "xoxb-given", "app_token": None})
    assert (given.bot_token, given.app_token) == ("xoxb-given", first.app_token)
    (tmp_path / "credentials.json").write_text("{}")
    with pytest.raises(ValueError, match="damaged"):
        load_credentials(tmp_path)


def test_a_manifest_says_what_the_app_may(tmp_path: Path) -> None:
    path = tmp_path / "manifest.yml"
    path.write_text(
        "features: {slash_commands: [{command: /gavel}]}\n"
        "oauth_config: {scopes: {bot: ['chat:write']}}\n"
        "settings: {event_subscriptions: {bot_events: [app_mention]}}\n"
    )
    manifest = manifest_from(path)
    assert (manifest.scopes, manifest.events, manifest.commands) == ({"chat:write"}, {"app_mention"}, {"/gavel"})
    path.write_text("- nothing of the kind")
    with pytest.raises(ValueError, match="not a Slack app manifest"):
        manifest_from(path)


@asynccontextmanager
async def process(*args: str) -> AsyncGenerator[tuple[asyncio.subprocess.Process, str]]:
    """`python -m bot.local.slack`, and the line it prints first."""
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.local.slack", *args, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert started.stdout is not None
    try:
        yield started, (await asyncio.wait_for(started.stdout.readline(), 20)).decode()
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


async def client_of(data: Path, base: str) -> Any:
    credentials: JsonObject = json.loads(await asyncio.to_thread((data / "credentials.json").read_text))
    return AsyncWebClient(token=credentials["bot_token"], base_url=f"{base}/api/")


async def test_the_process_says_when_it_is_ready_and_ends_cleanly(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    async with process("--data", str(tmp_path / "d"), "--ready-file", str(ready)) as (started, line):
        word, base = line.split()
        assert (word, ready.read_text().strip()) == ("ready", base)
        assert base.startswith("http://127.0.0.1:")
        async with aiohttp.ClientSession() as session, session.get(f"{base}/local/stream"):
            started.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(started.wait(), 5) == 0
    async with process("--data", str(tmp_path / "d")) as (started, _):
        started.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(started.wait(), 5) == 0


async def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    async with process("--data", str(tmp_path), "--no-rate-limits") as (started, line):
        client = await client_of(tmp_path, line.split()[1])
        stamps = [str((await client.chat_postMessage(channel=OPS, text=str(number)))["ts"]) for number in range(20)]
        started.kill()
        await started.wait()
    workspace = Workspace(tmp_path)
    assert [message.ts for message in workspace.history(OPS)] == stamps
    workspace.close()


async def test_a_process_that_cannot_start_says_why(tmp_path: Path) -> None:
    async with process("--data", str(tmp_path)), process("--data", str(tmp_path)) as (second, line):
        assert line == ""
        assert second.stderr is not None
        assert "in use by another" in (await second.stderr.read()).decode()
        assert await second.wait() == 1


async def test_tokens_may_be_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAVEL_LOCAL_SLACK_SIGNING_SECRET", "from-the-environment")
    async with process("--data", str(tmp_path), "--bot-token", "xoxb-mine") as (_, line):
        client = await client_of(tmp_path, line.split()[1])
        assert client.token == "xoxb-mine"
        assert (await client.auth_test())["ok"]
        assert load_credentials(tmp_path).signing_secret == "from-the-environment"
