"""An investigation that waits for people before its desk knows that it has begun: it keeps nothing else waiting."""

from __future__ import annotations

import asyncio

from temporalio.client import Client

from bot.workflows.alerts.desk import TriageWorkflow
from bot.workflows.alerts.inquiries import MOST_EARLY, Inquiries
from bot.workflows.messages.triage import DeskState, Group
from tests.unit.alerts.scripted import CHANNEL, Alerts, alerting, request_of, worker_of
from tests.unit.alerts.test_desk_bounds import entry_of, make_it_long


async def begun(alerts: Alerts, many: int) -> list[Group]:
    """The groups, once the desk knows that each has a task."""
    while True:
        groups = (await alerts.desk()).groups.values()
        if len(groups) == many and all(group.task_id for group in groups):
            return list(groups)
        await asyncio.sleep(0.05)


async def test_a_task_that_began_and_waits_before_the_desk_knows_of_it_keeps_nothing_else_waiting(
    temporal: Client,
) -> None:
    async with alerting(temporal, working=False) as alerts:
        task = f"{alerts.org}.task.1"
        await alerts.enter(entry_of(alerts.org, 1, title="first", severity="critical"))
        desk = temporal.get_workflow_handle_for(TriageWorkflow.run, f"{alerts.org}.triage.{CHANNEL}")
        # As a run of the desk that ended before it heard that the task has begun leaves it.
        await temporal.start_workflow(
            "gavel-task", request_of(alerts, task), id=task, task_queue=alerts.door.task_queue
        )
        await desk.signal(TriageWorkflow.waits, task)
        async with worker_of(alerts):
            await alerts.until(lambda: alerts.looked_into() == [["first"]])
            await alerts.enter(entry_of(alerts.org, 2, title="second"))
            await alerts.until(lambda: alerts.looked_into() == [["first"], ["second"]])
            assert [group.waits for group in await begun(alerts, 2)] == [True, False]
            await alerts.end(1)
            await alerts.until(lambda: "A deploy did it." in alerts.cards()["first"])


async def test_what_waits_before_the_desk_knows_of_it_is_handed_on_with_the_desk(temporal: Client) -> None:
    async with alerting(temporal) as alerts:
        await alerts.says("first")
        await alerts.until(lambda: alerts.looked_into() == [["first"]])
        desk = temporal.get_workflow_handle_for(TriageWorkflow.run, f"{alerts.org}.triage.{CHANNEL}")
        await desk.signal(TriageWorkflow.waits, f"{alerts.org}.task.2")
        await make_it_long(alerts)
        assert f"{alerts.org}.task.2" in (await alerts.desk()).early
        await alerts.end(1)
        await alerts.says("second")
        await alerts.until(lambda: alerts.looked_into() == [["first"], ["second"]])
        assert [group.waits for group in await begun(alerts, 2)] == [False, True]
        assert f"{alerts.org}.task.2" not in (await alerts.desk()).early


def test_what_anybody_may_tell_of_tasks_that_nobody_knows_is_bounded_and_the_oldest_goes_first() -> None:
    inquiries = Inquiries(DeskState(), "T1", CHANNEL)
    for told in ("x" * 1_000, "警", *(f"T1.task.{number}" for number in range(500)), "T1.task.499"):
        inquiries.hear_of_waiting(told)
    assert inquiries.desk.early == [f"T1.task.{number}" for number in range(500 - MOST_EARLY, 500)]
