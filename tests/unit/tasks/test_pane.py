"""The status of the assistant's pane while a step runs: kept up, followed by another, gone when the step is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from bot.blocks.pane import ASKING, OF_STEPS, READING, VOTING
from bot.pacing import Pacer
from bot.slack_web import SlackWeb
from bot.workflows.activities.pane import Pane, ToldInPane, shown_in_pane
from tests.unit.local_slack.harness import OPS, Slack, until
from tools.contracts.progress import MemberProgress, NoteProgress, ProgressEvent

DIRECT = "D0ADA00001"


@dataclass
class Looked:
    slack: Slack
    thread: str
    pane: Pane

    def status(self) -> str:
        return str(self.slack.workspace.panes.get((DIRECT, self.thread), {}).get("status", ""))

    async def is_said(self, status: str) -> None:
        await until(lambda: self.status() == status)

    async def times(self) -> int:
        return (await self.slack.look("stats"))["methods"].get("assistant.threads.setStatus", {"calls": 0})["calls"]

    @asynccontextmanager
    async def step(self, *, last: bool = False) -> AsyncGenerator[None]:
        keeping = asyncio.create_task(self.pane.keep())
        try:
            yield
        finally:
            await self.pane.end(keeping, last=last)
            keeping.cancel()


@pytest.fixture
async def looked(slack: Slack) -> Looked:
    client: Any = slack.client
    opened = await slack.act("assistant", user="ada")
    web = SlackWeb(client, pacer=Pacer())
    return Looked(slack, opened["thread_ts"], Pane(web, DIRECT, opened["thread_ts"], "is at work…", again=(0.1, 0.3)))


async def test_a_status_outlives_the_message_that_takes_it_away_and_ends_with_the_step(looked: Looked) -> None:
    async with looked.step():
        await looked.is_said("is at work…")
        await looked.slack.call("chat.postMessage", channel=DIRECT, text="the board", thread_ts=looked.thread)
        await looked.is_said("is at work…")
    assert looked.status() == ""


async def test_what_is_said_meanwhile_is_set_at_once_and_what_comes_after_stays(looked: Looked) -> None:
    looked.pane.after = "is waiting…"
    async with looked.step():
        await looked.is_said("is at work…")
        looked.pane.says("is asking…")
        await looked.is_said("is asking…")
    assert looked.status() == "is waiting…"


async def test_a_step_without_a_status_sets_none_and_the_last_one_leaves_none(looked: Looked) -> None:
    looked.pane.status = ""
    async with looked.step():
        await asyncio.sleep(0.3)
    assert await looked.times() == 0
    await looked.slack.call(
        "assistant.threads.setStatus", channel_id=DIRECT, thread_ts=looked.thread, status="is waiting…"
    )
    async with looked.step(last=True):
        pass
    assert looked.status() == ""


@pytest.mark.parametrize("fault", [{"errors_seconds": 60}, {"rate_limited_seconds": 60}, {"slow_seconds": 30}])
async def test_a_step_neither_fails_nor_waits_for_what_slack_does_not_take(
    looked: Looked, monkeypatch: pytest.MonkeyPatch, fault: dict[str, float]
) -> None:
    monkeypatch.setattr("bot.workflows.activities.pane.END_SECONDS", 0.3)
    await looked.slack.act("faults", **fault)
    async with asyncio.timeout(5), looked.step():
        await asyncio.sleep(0.3)
    assert looked.status() == ""


async def test_where_slack_knows_no_such_thread_it_is_tried_once(looked: Looked) -> None:
    looked.pane.thread_ts = "1.000001"
    looked.pane.again = (0.05, 0.05)
    async with looked.step():
        await until(lambda: looked.slack.workspace.panes.get((DIRECT, "1.000001")) is None)
        await asyncio.sleep(0.5)
        assert await looked.times() == 1


@pytest.mark.parametrize(
    ("step", "channel", "in_thread", "said"),
    [
        ("investigate", DIRECT, True, OF_STEPS["investigate"]),
        ("understand", DIRECT, True, READING),
        ("investigate", DIRECT, False, ""),
        ("investigate", OPS, True, ""),
        ("read_roles", DIRECT, True, ""),
    ],
)
async def test_a_step_says_what_it_does_in_a_thread_of_direct_messages(
    looked: Looked, step: str, channel: str, said: str, *, in_thread: bool
) -> None:
    async def work() -> None:
        thread = looked.thread if channel == DIRECT else await looked.slack.say("fix drift")
        async with shown_in_pane(looked.pane.web, channel, thread if in_thread else None) as pane:
            assert pane.status == OF_STEPS.get(step, "")
            if said:
                await looked.is_said(said)
            else:
                await asyncio.sleep(0.3)

    environment = ActivityEnvironment()
    environment.info = replace(environment.info, activity_type=step)
    await environment.run(work)
    assert (await looked.times() > 0) == bool(said)
    assert looked.status() == ""


@dataclass
class Heard:
    events: list[ProgressEvent] = field(default_factory=list[ProgressEvent])

    def emit(self, event: ProgressEvent) -> None:
        self.events.append(event)


async def test_the_models_at_work_are_told_of_and_every_event_goes_on(looked: Looked) -> None:
    heard = Heard()
    progress = ToldInPane(heard, looked.pane)
    events: list[ProgressEvent] = [
        NoteProgress("x"),
        MemberProgress("amber", "waiting", "answer"),
        MemberProgress("amber", "waiting", "vote"),
    ]
    for event, status in zip(events, ["is at work…", ASKING, VOTING], strict=True):
        progress.emit(event)
        assert looked.pane.status == status
    assert heard.events == events
