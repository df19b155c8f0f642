"""What comes of asking for a task's files: from a real ledger into a real thread, or a sentence why not."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.desks import NotDone
from bot.keys import load_keys
from bot.late import LateFiles
from bot.ledger.ledger import Ledger
from bot.local.stack import RunningStack
from bot.opening import open_ledger
from bot.papers.desk import ALREADY, JUST_ASKED, NOTHING_YET
from bot.redis_client import RedisClient
from bot.settings import Settings
from bot.thread import ThreadRef
from tests.unit.blocks import samples
from tests.unit.narrator.workspace import ADA, Slack

ORG, TASK = "T0ACME", "T0ACME.C0OPS.1"


@dataclass
class Bot:
    """A bot process's files."""

    slack: Slack
    redis: RedisClient
    redis_url: str
    settings: Settings
    ledger: Ledger

    async def asked(self, thread: ThreadRef, *, user: str = ADA, may_all: bool = False) -> None:
        slack = self.settings.slack.model_copy(update={"api_url": f"{self.slack.address}/api/"})
        settings = self.settings.model_copy(update={"slack": slack})
        files = LateFiles(settings, load_keys(settings), self.slack.writer(), self.redis_url)
        await files.post(org=ORG, task_id=TASK, thread=thread, user=user, may_all=may_all)

    async def received(self) -> None:
        await self.ledger.record("task_received", {"text": "fix it"}, org=ORG, task_id=TASK, actor=ADA, key="received")

    async def voted(self) -> None:
        outcome = samples.outcome(text="14 web servers run an old image").model_dump(mode="json")
        await self.ledger.record("council_voted", outcome, org=ORG, task_id=TASK, actor="agent:drift", key="voted")

    async def transcript(self, thread: ThreadRef) -> str:
        (file,) = [file for message in await self.slack.replies(thread) for file in message["files"]]
        async with self.slack.http.get(f"{self.slack.address}/local/file/{file['id']}") as response:
            return (await response.read()).decode()


@pytest.fixture
async def bot(slack: Slack, redis: RedisClient, stack: RunningStack, tmp_path: Path) -> AsyncGenerator[Bot]:
    settings = Settings.embedded(data_dir=tmp_path)
    async with AsyncExitStack() as exits:
        ledger = await open_ledger(exits, settings, load_keys(settings))
        yield Bot(slack, redis, stack.redis_url, settings, ledger)


async def test_of_a_task_that_is_not_on_record_and_of_one_that_has_nothing_yet_it_is_said(bot: Bot) -> None:
    thread = await bot.slack.thread()
    with pytest.raises(NotDone, match=NOTHING_YET):
        await bot.asked(thread)
    await bot.received()
    with pytest.raises(NotDone, match=NOTHING_YET):
        await bot.asked(thread)


async def test_who_asked_for_it_gets_them_and_a_stranger_only_with_a_role(bot: Bot) -> None:
    await bot.received()
    await bot.voted()
    thread = await bot.slack.thread()
    with pytest.raises(NotDone, match="you have none, so nothing was posted"):
        await bot.asked(thread, user="U0STRANGER")
    assert not [message for message in await bot.slack.replies(thread) if message["files"]]
    await bot.asked(thread)
    assert "Gemini: " in await bot.transcript(thread)
    with pytest.raises(NotDone, match=JUST_ASKED):
        await bot.asked(thread, user="U0STRANGER", may_all=True)
    await bot.redis.execute_command("FLUSHALL")
    with pytest.raises(NotDone, match=ALREADY):
        await bot.asked(thread, user="U0STRANGER", may_all=True)


async def test_where_cards_leave_dissent_out_the_transcript_does(bot: Bot) -> None:
    await bot.received()
    await bot.voted()
    council = bot.settings.council.model_copy(update={"include_dissent": False})
    thread = await bot.slack.thread()
    await replace(bot, settings=bot.settings.model_copy(update={"council": council})).asked(thread)
    assert "By whom and why is left out here" in await bot.transcript(thread)
    assert "Gemini: " not in await bot.transcript(thread)
