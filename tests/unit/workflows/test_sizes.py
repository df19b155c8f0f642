"""Whatever a model, a tool or a person sends, no task stands still over a message that Temporal would not take."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter
from temporalio import activity
from temporalio.api.failure.v1 import Failure
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from bot.intake import Arrival, Intake
from bot.workflows import messages as m
from bot.workflows.activities.investigating import carried
from bot.workflows.client import data_converter
from bot.workflows.sizes import MOST_BYTES, MOST_ERROR, MOST_PLANNED, MOST_TEXT, TOO_LARGE
from bot.workflows.task import TaskWorkflow
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.running import decision_on, running
from tests.unit.workflows.script import Script, council, plan_for
from tools.contracts.council import Dissent
from tools.contracts.outputs.drift import DriftRemediationPlan
from tools.contracts.plan import AssetExpectation
from tools.contracts.signing import is_authentic, sign
from tools.contracts.taskspec import Question
from tools.contracts.verdict import ApprovalRequirement, GateReport

CONVERTER = data_converter(KEY)
BY_ONE_CHARACTER = "\N{PILE OF POO}"
"""Of four bytes, as many as one can have."""


def large(plan: DriftRemediationPlan, *, bytes_: int) -> DriftRemediationPlan:
    row = AssetExpectation(asset_id="web-1", fingerprint="f" * 100, from_version="1", to_version="2")
    rows = [row] * (bytes_ // len(row.model_dump_json()))
    return plan.model_copy(update={"expectations": [*plan.expectations, *rows]})


@dataclass
class Large(Script):
    """Plans of about so many bytes, with so long a diagnosis."""

    plan_bytes: int = 0
    diagnosis: str = ""

    def waiting(self, plan: DriftRemediationPlan) -> DriftRemediationPlan:
        return large(super().waiting(plan), bytes_=self.plan_bytes)

    @activity.defn(name="investigate")
    async def investigate(self, message: m.InvestigateInput) -> m.Investigated:
        return replace(await super().investigate(message), diagnosis=self.diagnosis)


async def test_a_step_that_would_be_handed_too_much_ends_the_task_in_words(temporal: Client) -> None:
    async with running(temporal, Large(plan_bytes=950_000, diagnosis="d" * 1_000_000)) as task:
        result = await asyncio.wait_for(task.handle.result(), 60)
    assert result.outcome == "failed"
    assert result.detail.startswith("This holds 2.0 MB, and at most 1.9 MB can be handed on in one piece.")
    assert task.script.of("present") == []
    assert task.script.of("conclude")[0].result == result


async def test_a_step_that_comes_to_too_much_is_not_tried_again(temporal: Client) -> None:
    async with running(temporal, Large(plan_bytes=3_000_000)) as task:
        result = await asyncio.wait_for(task.handle.result(), 60)
    assert (result.outcome, len(task.script.of("investigate"))) == ("failed", 1)
    assert "at most 1.9 MB can be handed on" in result.detail


async def test_a_task_whose_end_is_too_large_ends_all_the_same_and_its_run_is_whole(temporal: Client) -> None:
    async with running(temporal, Large(plan_bytes=1_000_000, questions=1)) as task:
        await task.asked("understand")
        answer = m.Answer("T1", task.handle.id, "q0", "UADA", "a" * 1_000_000)
        await task.handle.signal(TaskWorkflow.answer, sign(answer, KEY))
        await task.asked("present")
        # The state itself is too large to be asked for.
        approval = decision_on(task.script.of("present")[0].proposal, "UGRACE", "approve")
        await task.handle.signal(TaskWorkflow.decide, sign(approval, KEY))
        result = await asyncio.wait_for(task.handle.result(), 60)
    assert (result.outcome, result.approvers) == ("completed", ["UGRACE"])
    assert [message.index for message in task.script.of("run_phase")] == [0, 2]
    [told] = task.script.of("conclude")
    assert told.result == result
    assert (told.state.proposal, told.state.thread_ts) == (None, "1.0")


async def test_what_was_not_too_large_to_be_run_is_not_too_large_to_be_put_back(temporal: Client) -> None:
    script = Large(plan_bytes=1_000_000, text="t" * 400_000, failing_phase=2)
    async with running(temporal, script) as task:
        await task.asked("present")
        # The state itself may be too large to be asked for.
        approval = decision_on(script.of("present")[0].proposal, "UGRACE", "approve")
        await task.handle.signal(TaskWorkflow.decide, sign(approval, KEY))
        result = await asyncio.wait_for(task.handle.result(), 60)
    assert result.outcome == "rolled_back"
    [*_, forwards], [back] = script.of("run_phase"), script.of("roll_back")
    assert back.touched == ["web-1", "web-2"]
    assert len(TypeAdapter(m.RollbackInput).dump_json(back)) < len(TypeAdapter(m.PhaseInput).dump_json(forwards))


def test_the_way_back_of_the_largest_plan_that_changes_all_it_names_fits_into_one_message() -> None:
    """Whatever people wrote: it is left out."""
    request, reason = replace(_request(), text="", mac=""), BY_ONE_CHARACTER * MOST_TEXT
    # A plan names what it changes at least four times.
    assets = [f"web-{number:06}.example.com" for number in range(12_000)]
    plan = plan_for(request, 1).model_copy(update={"asset_ids": assets})
    plan = large(plan, bytes_=MOST_PLANNED - len(plan.model_dump_json()))
    report = GateReport(plan_digest=plan.digest, policy_digest=None, results=[], requirement=None)
    requirement = ApprovalRequirement(roles=["approver"], quorum=1, expires_in_seconds=30)
    proposal = m.Proposal(1, plan, report, requirement, council(), nonce="", expires_at="")
    back = m.RollbackInput(request, "1.0", proposal, touched=assets, resources=[], reason=reason)
    assert len(TypeAdapter(m.RollbackInput).dump_json(back)) < MOST_BYTES


def test_a_plan_that_is_too_large_is_none_and_its_reason_says_what_to_do() -> None:
    found = m.Investigated(council(), "d" * 9000, {"phases": ["x" * 100] * 20_000}, ["t1"])
    given = carried(found)
    assert (given.plan, given.no_plan) == (None, "inconclusive")
    assert given.reason.startswith("The plan came to 2.1 MB, and at most 1.2 MB can be judged, shown and approved")
    assert "Ask for a smaller part" in given.reason
    report = replace(found, plan=None, report={"findings": ["x" * 100] * 20_000})
    assert carried(report).reason.startswith("The report came to 2.1 MB")


def test_votes_that_are_too_many_are_left_out_where_the_plan_is_too_large() -> None:
    dissent = [Dissent(member=f"m{number}", claim_id="c1", claim="c", reason="r" * 200) for number in range(10_000)]
    outcome = council().model_copy(update={"dissent": dissent})
    given = carried(m.Investigated(outcome, "", {"phases": []}, []))
    assert len(given.council.dissent) == 10
    assert len(TypeAdapter(m.Investigated).dump_json(given)) < 10_000


def test_a_plan_that_fits_is_handed_on_as_it_is() -> None:
    found = m.Investigated(council(), "", {"phases": ["x" * 100] * 10_000}, ["t1"])
    assert carried(found) is found


def test_all_that_people_can_write_before_a_plan_and_the_largest_plan_fit_into_one_message() -> None:
    words = BY_ONE_CHARACTER * MOST_TEXT
    request = replace(_request(), text=words, quoted=words, whole=words)
    asked = Question(text="t" * 300, choices=["c" * 75] * 5)
    exchanges = [m.Exchange(f"q{number}", asked, answer=words) for number in range(3)]
    understand = m.UnderstandInput(request, "1.0", exchanges)
    assert len(TypeAdapter(m.UnderstandInput).dump_json(understand)) < MOST_BYTES
    assert len(TypeAdapter(m.TaskRequest).dump_json(request)) + MOST_PLANNED < MOST_BYTES


async def test_who_writes_more_than_slack_takes_is_cut_at_the_edge(temporal: Client) -> None:
    name = f"{uuid.uuid4()}"
    intake = Intake(temporal, task_queue=name, decision_key=KEY, limits=m.TaskLimits(), now=lambda: datetime.now(UTC))
    words = BY_ONE_CHARACTER * (MOST_TEXT + 1)
    arrival = Arrival("T1", "UADA", "mention", "COPS", words, thread_ts="1.0", message_ts="1.0", unique=name)
    task = await intake.accept(replace(arrival, quoted=words))
    await intake.answer(m.Answer("T1", task, "q0", "UADA", words))
    history = await temporal.get_workflow_handle(task).fetch_history()
    [started] = history.events[0].workflow_execution_started_event_attributes.input.payloads
    [request] = await CONVERTER.decode([started], [m.TaskRequest])
    [signalled] = next(
        event.workflow_execution_signaled_event_attributes.input.payloads
        for event in history.events
        if event.HasField("workflow_execution_signaled_event_attributes")
    )
    [answer] = await CONVERTER.decode([signalled], [m.Answer])
    assert [request.text, request.quoted, answer.text] == [words[:-1]] * 3
    assert is_authentic(request, KEY)
    await temporal.get_workflow_handle(task).terminate()


async def test_what_is_too_large_is_refused_before_it_is_sent() -> None:
    assert await CONVERTER.encode(["x" * (MOST_BYTES - 2)])
    with pytest.raises(ApplicationError) as refused:
        await CONVERTER.encode(["x" * 1_000_000, "x" * 1_000_000])
    assert (refused.value.type, refused.value.non_retryable) == (TOO_LARGE, True)


async def test_the_words_of_an_error_are_cut_in_the_middle_and_can_be_read() -> None:
    said = f"It began so{'.' * 5_000_000}and ended so"
    failure = Failure()
    await CONVERTER.encode_failure(ApplicationError(said), failure)
    assert len(failure.SerializeToString()) < 3 * MOST_ERROR
    error = await CONVERTER.decode_failure(failure)
    assert str(error).startswith("It began so.")
    assert str(error).endswith(".and ended so")
    assert "characters left out" in str(error)


async def test_a_step_that_fails_in_millions_of_words_ends_the_task(temporal: Client) -> None:
    async with running(temporal, Script(refused_by_slack="no" * 3_000_000)) as task:
        result = await asyncio.wait_for(task.handle.result(), 60)
    assert (result.outcome, len(result.detail)) == ("failed", 500)


def _request() -> m.TaskRequest:
    return m.TaskRequest(
        task_id="T1.1",
        org="T1",
        user="UADA",
        source="mention",
        channel="COPS",
        thread_ts="1.0",
        message_ts="1.0",
        text="",
        redacted=[],
        received_at="2026-11-26T07:00:00+00:00",
        limits=m.TaskLimits(),
    )
