"""The Files button: the plan, the evidence and the transcript in the thread, for those they are for."""

from __future__ import annotations

import asyncio

import yaml

from bot.blocks.actions import APPROVE, FILES
from tests.whole.square import Square
from tools.contracts.common import JsonObject


async def _files(square: Square, thread: JsonObject) -> list[JsonObject]:
    messages = await square.look("thread", channel=thread["channel"], ts=thread["ts"], viewer="ada")
    return [file for message in messages["messages"] for file in message["files"]]


async def test_whoever_asks_gets_the_files_once_and_a_stranger_gets_a_sentence(square: Square) -> None:
    said = await square.say("ada", "ops", "@gavel council: fix drift on staging cache servers")
    board = await square.hears(said, f"'{FILES}'", seconds=90)
    click = {"channel": said.channel, "message_ts": board["ts"], "action_id": FILES}
    await square.act("usergroup", usergroup="gavel-viewers", users=[])
    try:
        assert (await square.act("click", user="mallory", **click))["ok"]
        await square.hears(said, "you have none, so nothing was posted", viewer="mallory")
    finally:
        await square.act("usergroup", usergroup="gavel-viewers", users=["mallory"])
    assert all([(await square.act("click", user="ada", **click))["ok"] for _ in range(3)])
    await square.hears(said, "3 files of this task")
    card = await square.hears(said, f"'{APPROVE}'")
    assert (await square.act("click", user="grace", **click | {"message_ts": card["ts"]}))["ok"]
    await square.hears(said, "Somebody asked for the files a moment ago", viewer="grace")
    files = await _files(square, {"channel": said.channel, "ts": said.ts})
    assert sorted(file["name"].partition("-")[0] for file in files) == ["council", "evidence", "plan"]
    texts: dict[str, str] = {}
    for file in files:
        async with square.stage.http.get(f"{square.stage.base}local/file/{file['id']}") as response:
            texts[file["name"].partition("-")[0]] = (await response.read()).decode()
    assert yaml.safe_load(texts["plan"])["task_id"] == square.task(said)
    assert "query_assets" in texts["evidence"]
    assert "Verdict:" in texts["council"]


async def test_the_button_of_one_thread_gets_no_other_tasks_files(square: Square) -> None:
    said = await square.say("ada", "ops", "@gavel is there drift on development cache servers?")
    board = await square.hears(said, f"'{FILES}'", seconds=90)
    await asyncio.sleep(0)
    forged = {"channel": said.channel, "message_ts": board["ts"], "action_id": FILES, "value": "T0GAVEL001.C9.1"}
    assert not (await square.act("click", user="ada", **forged))["ok"]
