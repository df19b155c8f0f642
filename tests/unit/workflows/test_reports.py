"""A task whose agent reports, on a real Temporal server: shown once it passed, repaired when not, handed over once."""

from __future__ import annotations

from temporalio.client import Client

from bot.workflows.messages import TaskResult
from tests.unit.policies.reports import make_report
from tests.unit.workflows.running import running
from tests.unit.workflows.script import Script


async def test_a_report_that_passes_is_shown_and_ends_the_task(temporal: Client) -> None:
    script = Script(report=make_report().model_copy(update={"handover": None}))
    async with running(temporal, script) as task:
        result = await task.handle.result()
    assert (result.outcome, result.plan_digest, result.phases_run) == ("reported", None, 0)
    assert result.detail == make_report().summary.text
    [shown] = script.of("report")
    assert shown.found.digest == result.report_digest
    assert script.of("present") == []
    assert script.of("run_phase") == []
    assert script.of("hand_over") == []
    assert result.handed_over_to == ""


async def test_a_refused_report_goes_back_to_the_agent_with_the_reasons(temporal: Client) -> None:
    script = Script(report=make_report().model_copy(update={"handover": None}), refuse_revisions=1)
    async with running(temporal, script) as task:
        result = await task.handle.result()
    assert (result.outcome, result.revision) == ("reported", 2)
    first, second = script.of("investigate")
    assert first.refusals == []
    assert [refusal.rule for refusal in second.refusals] == ["safety.receipts_uncited"]
    assert len(script.of("report")) == 1


async def test_repairs_of_a_report_are_bounded_and_then_the_thread_hears_why(temporal: Client) -> None:
    script = Script(report=make_report(), refuse_revisions=99)
    async with running(temporal, script, repair_attempts=2) as task:
        result = await task.handle.result()
    assert result.outcome == "refused"
    assert result.revision == 3
    assert "The report was refused" in result.detail
    assert "safety.receipts_uncited" in result.detail
    assert script.of("report") == []
    assert script.of("hand_over") == []


async def test_a_hand_over_starts_one_task_of_its_own_which_hands_nothing_over(temporal: Client) -> None:
    script = Script(report=make_report())
    async with running(temporal, script) as task:
        result = await task.handle.result()
        follow_up = temporal.get_workflow_handle(result.handed_over_to, result_type=TaskResult)
        second = await follow_up.result()
    assert result.handed_over_to == f"{result.task_id}-h"
    # The follow-up's own report wants to hand over too: it is shown, and nothing more starts.
    assert (second.outcome, second.handed_over_to) == ("reported", "")
    assert [message.request.task_id for message in script.of("hand_over")] == [result.task_id]
    requests = [message.request for message in script.of("understand")]
    assert [request.handed_over_from for request in requests] == ["", result.task_id]


async def test_a_follow_up_that_nobody_vouches_for_does_nothing(temporal: Client) -> None:
    """Marking a task as handed over is the worker's to do: the mark is under the MAC like everything else."""
    script = Script(report=make_report(), forged={"handed_over_from": "T1.forged"})
    async with running(temporal, script) as task:
        result = await task.handle.result()
    assert result.outcome == "refused"
    assert script.of("understand") == []
