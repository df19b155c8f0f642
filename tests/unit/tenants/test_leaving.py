"""A removal that Slack tells: what it stops and what it leaves alone, however late, often or oddly it is told."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_sdk.oauth.installation_store import Installation
from temporalio.client import Client

from bot.intake import Arrival, Intake
from bot.keystore.ring import RingSource
from bot.local.stack import open_stack
from bot.settings import Settings
from bot.tenants.leaving import Leaving
from bot.tenants.store import SqlInstallations
from bot.workflows.client import connect
from bot.workflows.messages import TaskLimits
from tests.unit.ledger.book import Book
from tools.contracts.common import JsonObject
from tools.contracts.control import Control
from tools.contracts.ledger import LedgerKind

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KEY = b"k" * 32
NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class NotedIntake(Intake):
    """Starts tasks; of what is to stop them it takes notes only, so that they go on."""

    controls: list[Control] = field(default_factory=list[Control])

    async def control(self, control: Control) -> None:
        self.controls.append(control)


@dataclass
class Notes:
    """Implements `Recorder`."""

    kept: list[tuple[str, str, list[str]]] = field(default_factory=list[tuple[str, str, list[str]]])
    """Kind, org and the tasks that it names."""

    async def record(self, kind: LedgerKind, body: JsonObject, *, org: str, task_id: str, actor: str, key: str) -> None:
        assert (task_id, actor, key) == ("workspaces", "gavel", "removed:Ev1")
        self.kept.append((kind, org, body["tasks"]))


@dataclass
class Room:
    leaving: Leaving
    store: SqlInstallations
    intake: NotedIntake
    notes: Notes
    forgotten: list[str]

    async def task_of(self, org: str) -> str:
        """One that runs, and is listed. Another each time: one that is over does not run again."""
        ts = f"{next(NUMBERS)}.1"
        arrival = Arrival(
            org=org,
            user="UADA",
            source="mention",
            channel="COPS",
            text="fix it",
            thread_ts=ts,
            message_ts=ts,
            unique=ts,
        )
        task = await self.intake.accept(arrival)
        for _ in range(200):
            if [run async for run in self.intake.temporal.list_workflows(f"WorkflowId = '{task}'")]:
                return task
            await asyncio.sleep(0.05)
        raise AssertionError(f"{task} is not listed")


@pytest.fixture(scope="module")
async def temporal(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Client]:
    settings = Settings.embedded(data_dir=tmp_path_factory.mktemp("leaving"))
    async with open_stack(settings, want=["temporal"]) as stack:
        yield await connect(stack.settings.temporal, address=stack.temporal_address, codec_key=KEY)


@pytest.fixture
def room(book: Book, ring: RingSource, temporal: Client) -> Room:
    store, notes, forgotten = SqlInstallations(book.database, ring, now=lambda: NOW), Notes(), list[str]()
    intake = NotedIntake(temporal, task_queue="nobody", decision_key=KEY, limits=TaskLimits(), now=lambda: NOW)
    return Room(Leaving(store, notes, temporal, intake, forgotten.append), store, intake, notes, forgotten)


def installation(team: str) -> Installation:
    return Installation(
        app_id="A1",
        team_id=team,
        team_name="Acme",
        bot_token="xoxb-1",
        bot_id="B1",
        bot_user_id="UBOT",
        bot_scopes="chat:write",
        user_id="U9",
        installed_at=NOW.timestamp(),
    )


def told(kind: str, *, at: datetime = NOW, **more: Any) -> JsonObject:
    return {"event_id": "Ev1", "event_time": int(at.timestamp()), "event": {"type": kind, **more}}


async def test_a_removal_stops_what_runs_and_is_on_record_once_however_often_it_is_told(room: Room) -> None:
    task = await room.task_of("T0LEAVES")
    await room.store.async_save(installation("T0LEAVES"))
    await room.leaving.hear("T0LEAVES", told("tokens_revoked", tokens={"bot": ["UBOT"]}))
    assert room.notes.kept == [("workspace_removed", "T0LEAVES", [task])]
    assert await room.store.all() == []
    assert [(one.task_id, one.action) for one in room.intake.controls] == [(task, "cancel")]
    # Slack tells both at once: the task is still at its end, and it is another event.
    await room.leaving.hear("T0LEAVES", told("app_uninstalled") | {"event_id": "Ev2"})
    assert [(one.task_id, one.action) for one in room.intake.controls] == [(task, "cancel")] * 2
    await room.intake.temporal.get_workflow_handle(task).terminate()
    await _over(room, task)
    await room.leaving.hear("T0LEAVES", told("app_uninstalled"))
    assert len(room.notes.kept) == 1
    assert room.forgotten == ["T0LEAVES"] * 3, "another process may have heard the first"


async def test_a_workspace_that_never_had_the_app_is_not_on_record(room: Room) -> None:
    await room.leaving.hear("T0NEVER", told("app_uninstalled"))
    assert room.notes.kept == []


async def test_a_removal_told_late_stops_nothing_of_the_installation_that_came_after_it(room: Room) -> None:
    await room.task_of("T0ANEW")
    await room.store.async_save(installation("T0ANEW"))
    await room.leaving.hear("T0ANEW", told("app_uninstalled", at=NOW - timedelta(seconds=2)))
    assert (room.notes.kept, room.intake.controls, room.forgotten) == ([], [], [])
    assert [one.org for one in await room.store.all()] == ["T0ANEW"]


async def test_a_persons_token_that_is_revoked_removes_nothing(room: Room) -> None:
    await room.task_of("T0PERSON")
    await room.store.async_save(installation("T0PERSON"))
    await room.leaving.hear("T0PERSON", told("tokens_revoked", tokens={"oauth": ["U1"], "bot": []}))
    assert (room.notes.kept, room.intake.controls, room.forgotten) == ([], [], [])
    assert [one.org for one in await room.store.all()] == ["T0PERSON"]


async def test_an_org_that_is_no_id_reaches_no_other_tenants_tasks(room: Room) -> None:
    await room.task_of("T0VICTIM")
    await room.leaving.hear("T0X' OR WorkflowId STARTS_WITH 'T0VICTIM", told("app_uninstalled"))
    assert (room.notes.kept, room.intake.controls) == ([], [])


async def _over(room: Room, task: str) -> None:
    query = f"WorkflowId = '{task}' AND ExecutionStatus = 'Running'"
    for _ in range(200):
        if not [run async for run in room.intake.temporal.list_workflows(query)]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{task} is still listed")
