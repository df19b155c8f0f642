"""Who may see a task: as Slack says what kind of place it was asked for in, and nobody where it does not say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import pytest

from bot.app import build_client
from bot.local.slack.seed import Channel
from bot.tasks.board import TaskEntry
from bot.tasks.seeing import MOST, Rooms
from tests.unit.local_slack.harness import ALERTS, BOT, GENERAL, OPS, Slack
from tests.unit.tasks.history import ADA, GRACE, TEAM

APART = "C0APART001"


@pytest.fixture
def rooms(slack: Slack) -> Rooms:
    token = slack.workspace.credentials.bot_token
    return Rooms(build_client(api_url=f"{slack.base}/api/", bot_token=token))


def task(channel: str, *, user: str = GRACE) -> TaskEntry:
    now = datetime.now(UTC)
    return TaskEntry(
        org=TEAM,
        task_id=f"T1.{channel}.1",
        user=user,
        source="mention",
        channel=channel,
        thread_ts="1.2",
        goal="fix drift",
        agent="drift",
        environment="production",
        status="awaiting_approval",
        roles=frozenset({"approver"}),
        quorum=1,
        voters=(),
        expires_at=None,
        outcome="",
        cost_usd=None,
        received_at=now,
        changed_at=now,
    )


async def asked(slack: Slack) -> int:
    """How often Slack was asked what a channel is."""
    return (await slack.look("stats"))["methods"].get("conversations.info", {}).get("calls", 0)


async def test_a_public_channel_of_this_workspace_is_open_whether_the_bot_is_in_it_or_not(rooms: Rooms) -> None:
    assert await rooms.is_open(OPS)
    assert await rooms.is_open(GENERAL)


@pytest.mark.parametrize("shared", ["ext", "pending_ext", "org"])
async def test_what_others_than_this_workspaces_members_read_is_closed(
    slack: Slack, rooms: Rooms, shared: Literal["ext", "pending_ext", "org"]
) -> None:
    slack.workspace.channels[APART] = Channel(APART, "apart", members=[ADA, BOT])
    assert await rooms.is_open(APART)
    slack.workspace.channels[APART].shared = shared
    assert not await rooms.is_open(APART)


@pytest.mark.parametrize("members", [[ADA], [ADA, BOT]])
async def test_a_private_channel_is_closed_with_the_bot_in_it_and_without(
    slack: Slack, rooms: Rooms, members: list[str]
) -> None:
    slack.workspace.channels[APART] = Channel(APART, "apart", members=members, private=True)
    assert not await rooms.is_open(APART)


@pytest.mark.parametrize("channel", ["D0ADA00001", "", "U0ADA00001", "alert:1"])
async def test_what_is_no_channel_is_closed_and_slack_is_not_asked(slack: Slack, rooms: Rooms, channel: str) -> None:
    assert not await rooms.is_open(channel)
    assert await asked(slack) == 0


async def test_while_slack_does_not_say_every_channel_is_closed(
    slack: Slack, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.tasks.seeing.LOOK_SECONDS", 0.3)
    assert not await rooms.is_open("C0NOWHERE1")
    await slack.act("faults", slow_seconds=2)
    assert not await rooms.is_open(OPS)
    await slack.act("faults", clear=True, errors_seconds=60)
    assert not await rooms.is_open(OPS)
    assert not await Rooms(build_client(api_url="http://127.0.0.1:1/api/", bot_token="xoxb-none")).is_open(OPS)


async def test_who_holds_no_role_sees_their_own_and_those_of_the_channel_they_are_in(rooms: Rooms) -> None:
    tasks = [task(OPS), task(GENERAL), task(ALERTS, user=ADA), task("", user=ADA), task("")]
    assert await rooms.visible(tasks, user=ADA, roles=[], here=GENERAL) == [tasks[1], tasks[2], tasks[3]]
    assert await rooms.visible(tasks, user=ADA, roles=["viewer"], here=GENERAL) == tasks[:4]


async def test_a_task_of_no_channel_is_not_seen_from_nowhere(rooms: Rooms) -> None:
    assert await rooms.visible([task(""), task("D0GRACE001")], user=ADA, roles=["admin"], here="") == []


async def test_of_very_many_channels_the_first_are_looked_at_and_the_others_stay_closed(
    slack: Slack, rooms: Rooms
) -> None:
    tasks: list[TaskEntry] = []
    for at in range(MOST + 5):
        name = f"C0MANY{at:04}"
        slack.workspace.channels[name] = Channel(name, f"many{at}", members=[ADA])
        tasks += [task(name), task(name)]
    assert await rooms.visible(tasks, user=ADA, roles=["viewer"], here="D0ADA00001") == tasks[: 2 * MOST]
    assert await asked(slack) == MOST
