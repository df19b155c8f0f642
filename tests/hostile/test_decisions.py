"""Attacks on a decision: each is refused inside the workflow, runs nothing, and is told to nobody but who clicked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from temporalio.client import Client

from bot.workflows.task import TaskWorkflow
from tests.unit.workflows.conftest import KEY, temporal
from tests.unit.workflows.running import decision_on, running
from tests.unit.workflows.script import Script
from tools.contracts.signing import sign

__all__ = ["temporal"]

OTHER = "sha256:" + "1" * 64

SIGNED: dict[str, tuple[dict[str, str | int], str]] = {
    "another tenant": ({"org": "T2"}, "wrong_task"),
    "another task": ({"task_id": "T1.other"}, "wrong_task"),
    "another revision": ({"revision": 2}, "stale_revision"),
    "a swapped plan digest": ({"plan_digest": OTHER}, "wrong_plan"),
    "a swapped policy digest": ({"policy_digest": OTHER}, "wrong_policy"),
    "another target": ({"target": f"production/{OTHER}"}, "wrong_target"),
    "another environment": ({"target": f"staging/{OTHER}"}, "wrong_target"),
    "another nonce": ({"nonce": "n"}, "wrong_nonce"),
    "a later deadline": ({"expires_at": "2099-01-01T00:00:00+00:00"}, "late"),
    "a click after the deadline": ({"issued_at": "2099-01-01T00:00:00+00:00"}, "late"),
    "the one who asked": ({"user": "UADA"}, "self_approval"),
    "somebody without a role": ({"user": "UMALLORY"}, "not_in_role"),
    "the machine's operator": ({"user": "terminal:root"}, "not_in_role"),
}
"""What the edge would have signed, had it been deceived."""


async def test_whatever_was_signed_for_something_else_is_refused_and_told_to_its_sender_only(temporal: Client) -> None:
    async with running(temporal, Script()) as task:
        good = decision_on(await task.proposal(), "UGRACE", "approve")
        for changes, _ in SIGNED.values():
            await task.handle.signal(TaskWorkflow.decide, sign(replace(good, **changes), KEY))
        assert await task.refused(len(SIGNED)) == [problem for _, problem in SIGNED.values()]
        told = [message.user for message in task.script.of("refuse_decision")]
        assert told == [str(changes.get("user", "UGRACE")) for changes, _ in SIGNED.values()]
        assert task.script.of("accept_decision") == task.script.of("run_phase") == []


@pytest.mark.parametrize("field", ["user", "verdict", "plan_digest", "nonce", "reason", "step_up", "reason_kind"])
async def test_a_signed_decision_that_was_changed_is_forged_and_nobody_is_told(temporal: Client, field: str) -> None:
    async with running(temporal, Script()) as task:
        signed = sign(decision_on(await task.proposal(), "UMALLORY", "approve"), KEY)
        value: Any = {"user": "UGRACE", "verdict": "reject", "reason_kind": "not_now"}.get(field, "x")
        changed: dict[str, Any] = {field: value}
        await task.handle.signal(TaskWorkflow.decide, replace(signed, **changed))
        assert await task.refused(1) == ["forged"]
        assert task.script.of("refuse_decision")[0].user == ""
        assert task.script.of("accept_decision") == []


async def test_an_empty_set_of_approvers_approves_nothing(temporal: Client) -> None:
    async with running(temporal, Script(roles={})) as task:
        for user in ("UGRACE", "ULINUS", "UADA"):
            await task.decide(user)
        assert await task.refused(3) == ["not_in_role", "not_in_role", "self_approval"]


async def test_a_hundred_clicks_of_one_person_are_one_vote(temporal: Client) -> None:
    async with running(temporal, Script(quorum=2)) as task:
        one = sign(decision_on(await task.proposal(), "UGRACE", "approve"), KEY)
        await asyncio.gather(*(task.handle.signal(TaskWorkflow.decide, one) for _ in range(100)))
        assert set(await task.refused(99)) == {"already_decided"}
        assert [message.user for message in task.script.of("accept_decision")] == ["UGRACE"]
        assert task.script.of("run_phase") == []


async def test_a_vote_on_a_plan_that_was_edited_after_it_does_not_count(temporal: Client) -> None:
    async with running(temporal, Script(quorum=2)) as task:
        first = await task.proposal()
        await task.decide("UGRACE")
        await task.edit("UADA", canary_size=2)
        await task.proposal(revision=2)
        replayed = sign(decision_on(first, "ULINUS", "approve"), KEY)
        await task.handle.signal(TaskWorkflow.decide, replayed)
        assert await task.refused(1) == ["stale_revision"]
        await task.decide("ULINUS")
        await task.asked("accept_decision", times=2)
        assert task.script.of("run_phase") == []
