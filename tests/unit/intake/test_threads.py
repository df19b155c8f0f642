"""A message in a thread: for the task at work there; after its end a task of its own, begun once, that knows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from bot.intake import Arrival, Intake, TaskEnded, task_id
from bot.local.stack import open_stack
from bot.settings import Settings
from bot.workflows.client import connect
from bot.workflows.messages import Answer, TaskLimits, TaskRequest

KEY = b"k" * 32


@pytest.fixture(scope="module")
async def temporal(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Client]:
    settings = Settings.embedded(data_dir=tmp_path_factory.mktemp("threads"))
    async with open_stack(settings, want=["temporal"]) as stack:
        yield await connect(stack.settings.temporal, address=stack.temporal_address, codec_key=KEY)


@pytest.fixture
def intake(temporal: Client) -> Intake:
    """Nobody works on its queue: what it starts runs until it is ended here."""
    return Intake(
        temporal,
        task_queue="nobody",
        decision_key=KEY,
        limits=TaskLimits(),
        now=lambda: datetime.now(UTC),
    )


def asked(thread: str, at: str = "") -> Arrival:
    """The first message of a thread, or one said in it later."""
    ts = at or thread
    return Arrival(
        org="T1",
        user="UADA",
        source="mention",
        channel="COPS",
        text="fix it",
        thread_ts=thread,
        message_ts=ts,
        unique=ts,
    )


def said(arrival: Arrival) -> Answer:
    thread = f"T1.COPS.{arrival.thread_ts}"
    return Answer(org="T1", task_id=thread, question_id="", user="UADA", text="only eu-west-1", unique=arrival.unique)


async def handed(intake: Intake, arrival: Arrival) -> str:
    """As the listener hands it over: the task that has it."""
    try:
        last = await intake.reply(said(arrival), arrival=arrival)
    except TaskEnded:
        return await intake.accept(arrival)
    return "" if last is None else await intake.accept(replace(arrival, follows=last))


async def listed(temporal: Client, task: str, *, running: bool) -> None:
    query = f"WorkflowId = '{task}' AND ExecutionStatus {'=' if running else '!='} 'Running'"
    for _ in range(200):
        if [run async for run in temporal.list_workflows(query)]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{task} is not listed")


async def end(temporal: Client, task: str) -> None:
    await temporal.get_workflow_handle(task).terminate()
    await listed(temporal, task, running=False)


async def request_of(temporal: Client, task: str) -> TaskRequest:
    history = await temporal.get_workflow_handle(task).fetch_history()
    payloads = history.events[0].workflow_execution_started_event_attributes.input.payloads
    [request] = await temporal.data_converter.decode(payloads, [TaskRequest])
    assert isinstance(request, TaskRequest)
    return request


async def signals(temporal: Client, task: str) -> int:
    history = await temporal.get_workflow_handle(task).fetch_history()
    return sum(event.HasField("workflow_execution_signaled_event_attributes") for event in history.events)


async def test_while_a_task_is_at_work_the_message_is_for_it(temporal: Client, intake: Intake) -> None:
    root = await intake.accept(asked("10.0"))
    assert await handed(intake, asked("10.0", "10.1")) == ""
    assert await signals(temporal, root) == 1


async def test_after_its_end_the_message_is_a_task_of_its_own_that_knows_it(temporal: Client, intake: Intake) -> None:
    root = await intake.accept(asked("20.0"))
    await end(temporal, root)
    again = asked("20.0", "20.1")
    second = await handed(intake, again)
    assert second == task_id(again) == f"{root}.20.1"
    assert ((await request_of(temporal, second)).follows, (await request_of(temporal, root)).follows) == (root, "")
    # What is said next is for the second; and it, delivered again, begins nothing and is no reply to itself.
    await listed(temporal, second, running=True)
    assert await handed(intake, asked("20.0", "20.2")) == ""
    assert await handed(intake, again) == second
    assert await signals(temporal, second) == 1
    await end(temporal, second)
    assert await handed(intake, again) == second
    third = await handed(intake, asked("20.0", "20.3"))
    assert (await request_of(temporal, third)).follows == second
    runs = [run async for run in temporal.list_workflows(f"WorkflowId = '{second}'")]
    assert len(runs) == 1


async def test_a_thread_without_a_task_and_another_thread_with_a_longer_name_are_apart(
    temporal: Client, intake: Intake
) -> None:
    other = await intake.accept(asked("30.01"))
    await end(temporal, other)
    first = await handed(intake, asked("30.0", "30.1"))
    assert (await request_of(temporal, first)).follows == ""


@pytest.mark.parametrize("thread", ["1.0' OR WorkflowId STARTS_WITH 'T1", "1.0\\' OR 1=1"])
async def test_an_id_cannot_become_a_query(intake: Intake, thread: str) -> None:
    with pytest.raises((TaskEnded, RPCError)):
        await intake.reply(said(asked(thread, "40.1")), arrival=asked(thread, "40.1"))


async def test_half_a_surrogate_pair_in_what_was_said_is_handed_over_as_text(intake: Intake, temporal: Client) -> None:
    """Nobody would send it again: what cannot be encoded once never can."""
    first = replace(asked("1000.9"), text="half \ud83d, whole \U0001f642")
    handle = temporal.get_workflow_handle(await intake.accept(first))
    await intake.answer(replace(said(first), text="\udfff"))
    events = (await handle.fetch_history()).events
    (request,) = await temporal.data_converter.decode(
        events[0].workflow_execution_started_event_attributes.input.payloads, [TaskRequest]
    )
    assert request.text == "half \ufffd, whole \U0001f642"
    signals = [event.workflow_execution_signaled_event_attributes for event in events]
    (answer,) = [
        (await temporal.data_converter.decode(signal.input.payloads, [Answer]))[0]
        for signal in signals
        if signal.signal_name == "answer"
    ]
    assert answer.text == "\ufffd"
    await handle.terminate()
