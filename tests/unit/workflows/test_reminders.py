"""A plan that waits is brought to mind, the next role is called in, and expiry halts: none of it decides anything."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import Client

from bot.blocks.reminder import group, mentions
from bot.workflows import messages as m
from bot.workflows.activities.reminding import called_role
from bot.workflows.messages import TaskLimits
from bot.workflows.reminding import Nudge, due, nudges
from tests.unit.workflows.running import running
from tests.unit.workflows.script import Script

START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def minutes(found: list[Nudge]) -> list[tuple[float, bool]]:
    return [((nudge.at - START).total_seconds() / 60, nudge.escalates) for nudge in found]


def test_reminders_are_at_half_the_time_and_ten_minutes_before_the_end_with_an_escalation_between() -> None:
    assert minutes(nudges(START, START + HOUR, TaskLimits())) == [(30, False), (45, True), (50, False)]


def test_what_would_be_before_the_offer_or_at_its_end_is_left_out_and_the_same_moment_is_one() -> None:
    limits = TaskLimits(remind_percent=[50], remind_seconds_before=[600, 1800, 3600, 7200], escalate_percent=0)
    assert minutes(nudges(START, START + HOUR, limits)) == [(30, False), (50, False)]
    assert (
        nudges(START, START + HOUR, TaskLimits(remind_percent=[], remind_seconds_before=[], escalate_percent=0)) == []
    )


def test_a_worker_that_was_away_says_it_once_and_still_escalates() -> None:
    waiting = nudges(START, START + HOUR, TaskLimits())
    assert due(waiting, START + timedelta(minutes=20)) is None
    nudge = due(waiting, START + timedelta(minutes=55))
    assert nudge is not None
    assert (minutes([nudge]), waiting) == ([(50, True)], [])
    assert due(waiting, START + timedelta(minutes=56)) is None


@pytest.mark.parametrize(
    ("roles", "first", "next_up"),
    [
        (["admin", "approver"], "approver", "admin"),
        (["admin", "approver", "operator"], "operator", "approver"),
        (["approver"], "approver", "approver"),
        (["sheriff"], "sheriff", "sheriff"),
    ],
)
def test_an_escalation_calls_the_next_role_that_may_decide_and_no_other(
    roles: list[str], first: str, next_up: str
) -> None:
    assert called_role(roles, escalates=False) == first
    assert called_role(roles, escalates=True) == next_up


def test_a_group_is_mentioned_where_there_is_one_and_its_people_where_there_is_none() -> None:
    assert mentions(user_group="S0GAPPROVE", people=["U1"]) == ["<!subteam^S0GAPPROVE>"]
    assert mentions(user_group="", people=["U0GRACE001", "x"]) == ["<@U0GRACE001>", "`x`"]
    for wrong in ("s0g", "S0G>|<!channel", "U0GRACE001", "S"):
        with pytest.raises(ValueError, match="user group"):
            group(wrong)


QUICK: dict[str, Any] = {
    "approval_seconds": 4,
    "remind_percent": [20],
    "remind_seconds_before": [1],
    "escalate_percent": 50,
}


async def test_a_plan_that_nobody_decides_is_brought_to_mind_and_then_expires(temporal: Client) -> None:
    async with running(temporal, Script(quorum=2), **QUICK) as task:
        await task.decide("UGRACE")
        result = await task.handle.result()
        said = task.script.of("remind")
        assert [message.escalates for message in said] == [False, True, False]
        assert said[0].proposal.approvals == ["UGRACE"]
        assert len({message.key for message in said}) == 3
        (conclusion,) = task.script.of("conclude")
        assert conclusion.state.proposal.reminders == ["5.000100", "5.000200"]
        assert result.outcome == "expired"
        assert task.script.of("run_phase") == []


async def test_a_decision_between_reminders_counts_and_ends_them(temporal: Client) -> None:
    async with running(temporal, Script(), **QUICK) as task:
        await task.asked("remind")
        await task.decide("UGRACE")
        assert (await task.handle.result()).outcome == "completed"
        (accepted,) = task.script.of("accept_decision")
        assert accepted.proposal.reminders == ["5.000100"]
        assert len(task.script.of("remind")) == 1


async def test_what_people_sent_goes_before_what_they_are_told(temporal: Client) -> None:
    """The worker was away: a click and a reminder wait for it."""

    @dataclass
    class Busy(Script):
        @activity.defn(name="read_roles")
        async def read_roles(self, message: m.RolesInput) -> m.Standing:
            if not self.of("read_roles"):
                await asyncio.sleep(3)
            return await super().read_roles(message)

    limits: dict[str, Any] = {**QUICK, "approval_seconds": 30, "remind_percent": [4]}
    async with running(temporal, Busy(), **limits) as task:
        await task.decide("UMALLORY")
        await task.decide("UGRACE")
        assert (await task.handle.result()).outcome == "completed"
        assert task.script.of("remind") == []


async def test_a_reminder_that_hangs_leaves_time_to_decide(temporal: Client) -> None:
    @dataclass
    class Hanging(Script):
        @activity.defn(name="remind")
        async def remind(self, message: m.RemindInput) -> str:
            await super().remind(message)
            await asyncio.sleep(10)
            return "5.000100"

    limits: dict[str, Any] = {"approval_seconds": 8, "remind_percent": [25], "escalate_percent": 0}
    async with running(temporal, Hanging(), **limits) as task:
        await task.asked("remind")
        await task.decide("UGRACE")
        assert (await task.handle.result()).outcome == "completed"


async def test_where_nobody_can_be_reminded_the_plan_goes_on_waiting_and_can_be_decided(temporal: Client) -> None:
    async with running(temporal, Script(silent=True), **QUICK) as task:
        await task.asked("remind", times=2)
        await task.decide("UGRACE")
        assert (await task.handle.result()).outcome == "completed"


async def test_another_revision_has_moments_of_its_own(temporal: Client) -> None:
    limits: dict[str, Any] = {
        "approval_seconds": 600,
        "escalate_percent": 0,
        "remind_percent": [],
        "remind_seconds_before": [599],
    }
    async with running(temporal, Script(), **limits) as task:
        await task.asked("remind")
        await task.edit("ULINUS", canary_size=2)
        await task.asked("remind", times=2)
        first, second = task.script.of("remind")
        assert (first.proposal.revision, second.proposal.revision, second.proposal.reminders) == (1, 2, [])
        (void,) = task.script.of("supersede")
        assert void.proposal.reminders == ["5.000100"]
        await task.decide("UGRACE")
        await task.handle.result()
