"""`/gavel ask`: what is asked, in which mode; what is no mode starts nothing."""

from __future__ import annotations

import asyncio

import pytest
from temporalio.client import Client

from bot.listeners.asking import UnknownMode, with_mode
from bot.workflows.messages import TaskRequest
from tests.unit.listeners.desk import Desk
from tests.unit.local_slack.harness import OPS
from tools.contracts.common import JsonObject


async def asked(desk: Desk, words: str) -> JsonObject:
    answer = await desk.slack.act("command", user="ada", channel=OPS, text=words)
    assert answer["ok"], answer
    return (await desk.slack.look("channel", channel=OPS, viewer="ada"))["messages"][-1]


async def handed_over(temporal: Client) -> set[str]:
    """The server's own list, which may lag a moment behind a start."""
    await asyncio.sleep(0.5)
    return {task.id async for task in temporal.list_workflows("TaskQueue = 'not-used'")}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("fix drift in staging", "fix drift in staging"),
        ("--mode council fix drift", "council: fix drift"),
        ("--mode=Aggregate fix drift", "aggregation: fix drift"),
        ("—mode single  fix drift", "single: fix drift"),
        ("fix drift --mode council", "fix drift --mode council"),
        ("--mode council", ""),
    ],
)
def test_the_option_becomes_the_prefix(words: str, text: str) -> None:
    assert with_mode(words) == text


def test_a_mode_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(UnknownMode, match="There are: council, single, aggregation"):
        with_mode("--mode quorum fix drift")


async def test_the_task_is_handed_over_with_its_mode(desk: Desk, temporal: Client) -> None:
    before = await handed_over(temporal)
    said = await asked(desk, "ask --mode council production web servers have drifted")
    assert said["text"] == "On it. A thread opens here in a moment."
    (task,) = await handed_over(temporal) - before
    history = await temporal.get_workflow_handle(task).fetch_history()
    started = history.events[0].workflow_execution_started_event_attributes
    (request,) = await temporal.data_converter.decode(started.input.payloads, [TaskRequest])
    assert request.text == "council: production web servers have drifted"
    await temporal.get_workflow_handle(task).terminate()


async def test_nothing_is_handed_over_for_a_mode_that_is_none(desk: Desk, temporal: Client) -> None:
    before = await handed_over(temporal)
    said = await asked(desk, "ask --mode quorum production web servers have drifted")
    assert said["text"].startswith("There is no mode of that name, so nothing was started.")
    assert await handed_over(temporal) == before
