"""What is recorded: each way a task can go, on a real Temporal server, with scripted steps and signed signals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from temporalio import activity

from bot.workflows import messages as m
from bot.workflows.task import TaskWorkflow
from tests.unit.blocks import samples
from tests.unit.policies.reports import make_report
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.running import Running, decision_on, make_it_long
from tests.unit.workflows.script import Script
from tools.contracts.control import Control
from tools.contracts.signing import sign
from tools.contracts.taskspec import Intent
from tools.contracts.verdict import Autonomy, AutonomyMode

Play = Callable[[Running], Awaitable[None]]


async def nobody(_task: Running) -> None:
    """Everyone stays away."""


async def grace_approves(task: Running) -> None:
    await task.decide("UGRACE")


async def grace_rejects(task: Running) -> None:
    await task.decide("UGRACE", "reject")


async def ada_answers_and_grace_rejects(task: Running) -> None:
    await task.asked("understand")
    answer = m.Answer(org="T1", task_id=task.handle.id, question_id="q0", user="UADA", text="production")
    await task.handle.signal(TaskWorkflow.answer, answer)
    await task.handle.signal(TaskWorkflow.answer, sign(replace(answer, user="UMALLORY"), KEY))
    await task.handle.signal(TaskWorkflow.answer, sign(answer, KEY))
    await grace_rejects(task)


async def only_two_of_many_count(task: Running) -> None:
    raw = decision_on(await task.proposal(), "UGRACE", "approve")
    await task.handle.signal(TaskWorkflow.decide, raw)
    await task.decide("UADA")
    await task.decide("UMALLORY")
    await task.decide("UGRACE", "approve", revision=7)
    await task.decide("UGRACE")
    await task.decide("UGRACE")
    await task.refused(5)
    await task.decide("ULINUS")


async def ada_narrows_it_and_grace_approves(task: Running) -> None:
    old = decision_on(await task.proposal(), "UGRACE", "approve")
    for words, unique in (("why web-1?", "5.0"), ("only eu-west-1", "6.0")):
        answer = m.Answer(org="T1", task_id=task.handle.id, question_id="", user="UADA", text=words, unique=unique)
        await task.handle.signal(TaskWorkflow.answer, sign(answer, KEY))
    await task.proposal(revision=2)
    await task.handle.signal(TaskWorkflow.decide, sign(old, KEY))
    await task.refused(1)
    await task.decide("UGRACE")


async def linus_edits_it_and_grace_approves(task: Running) -> None:
    await task.decide("UGRACE", "approve", revision=9)
    await task.edit("ULINUS", max_batch_percent=10.0, without=["web-2"])
    await task.proposal(revision=2)
    await task.decide("ULINUS")
    await task.refused(2)
    await task.decide("UGRACE")


async def ada_wants_only_the_first(task: Running) -> None:
    await task.asked("understand")
    answer = m.Answer(org="T1", task_id=task.handle.id, question_id="q0", user="UADA", text="first", unique="3.0")
    await task.handle.signal(TaskWorkflow.answer, sign(answer, KEY))
    await task.part(1).decide("UGRACE", "reject")


async def words_then_care(task: Running) -> None:
    await task.proposal()
    answer = m.Answer(org="T1", task_id=task.handle.id, question_id="", user="UADA", text="approve", unique="5.0")
    await task.handle.signal(TaskWorkflow.answer, answer)
    for _ in range(2):
        await task.handle.signal(TaskWorkflow.answer, sign(answer, KEY))
    await task.decide("UGRACE")
    await task.decide("UGRACE", step_up="staging")
    await task.refused(3)
    await task.decide("UGRACE", step_up="production")


async def it_becomes_long_between_two_votes(task: Running) -> None:
    """Of its second run, which goes on from the first."""
    await task.decide("UGRACE")
    await task.asked("accept_decision")
    await make_it_long(task)
    await task.decide("ULINUS")


async def ada_cancels(task: Running) -> None:
    cancel = Control(org="T1", task_id=task.handle.id, action="cancel", user="UADA", channel="COPS")
    await task.handle.signal(TaskWorkflow.control, cancel)
    await task.handle.signal(TaskWorkflow.control, sign(cancel, KEY))


async def ada_cancels_the_plan(task: Running) -> None:
    await task.proposal()
    await ada_cancels(task)


async def ada_cancels_the_run(task: Running) -> None:
    await task.decide("UGRACE")
    await task.asked("run_phase")
    await ada_cancels(task)


async def a_pause_and_its_end(task: Running) -> None:
    """Of the hands on it, two count: a forged one, one without a role and one too many do not."""
    await task.decide("UGRACE")
    await task.asked("run_phase")
    forged = await task.control("UADA", "pause", org="T2")
    await task.handle.signal(TaskWorkflow.control, replace(forged, org="T1"))
    await task.control("UMALLORY", "pause")
    await task.control("UADA", "pause")
    await task.control("UGRACE", "pause")
    await task.asked("show_run")
    await task.control("ULINUS", "resume")


async def ada_pauses_and_forgets(task: Running) -> None:
    await task.decide("UGRACE")
    await task.asked("run_phase")
    await task.control("UADA", "pause")


async def grace_is_too_late(task: Running) -> None:
    await task.decide("UGRACE", "reject")
    await task.asked("conclude")
    proposal = task.script.of("conclude")[0].state.proposal
    assert proposal is not None
    await task.handle.signal(TaskWorkflow.decide, sign(decision_on(proposal, "ULINUS", "approve"), KEY))
    assert isinstance(task.script, SlowEnd)
    task.script.may_end.set()


@dataclass
class SlowEnd(Script):
    """The last step waits, so that a click can come after the end was decided and before the workflow is over."""

    may_end: asyncio.Event = field(default_factory=asyncio.Event)

    @activity.defn(name="conclude")
    async def conclude(self, message: m.ConcludeInput) -> bool:
        self.asked.append(("conclude", message))
        await self.may_end.wait()
        return True


@dataclass(frozen=True)
class Scene:
    name: str
    """Of the file, too."""
    outcome: m.Outcome
    script: Callable[[], Script]
    play: Play
    source: m.Source = "mention"
    limits: Mapping[str, Any] = field(default_factory=dict[str, Any])


def _council() -> Script:
    return Script(refuse_revisions=1, deliberation=samples.outcome())


def _reporting(*, refuse_revisions: int, handover: bool) -> Script:
    report = make_report()
    return Script(
        report=report if handover else report.model_copy(update={"handover": None}), refuse_revisions=refuse_revisions
    )


def alone(mode: AutonomyMode, phases: int, *, failing_phase: int | None = None) -> Script:
    """In staging, as many phases without anybody's yes."""
    autonomy = Autonomy(mode=mode, unattended_phases=phases, blockers=[])
    return Script(environment="staging", autonomy=autonomy, failing_phase=failing_phase)


def _two_in_one() -> Script:
    words = ("web servers have drifted", "fix it")
    return Script(intents=[Intent(words=part, goal=part) for part in words])


SCENES = [
    Scene("completed_after_council_and_repair", "completed", _council, grace_approves),
    Scene("completed_by_a_quorum_of_two", "completed", lambda: Script(quorum=2), only_two_of_many_count),
    Scene(
        "completed_as_another_run",
        "completed",
        lambda: Script(quorum=2),
        it_becomes_long_between_two_votes,
        limits={"approval_seconds": 300},
    ),
    Scene("completed_with_step_up", "completed", lambda: Script(step_up_reasons=["It is critical."]), words_then_care),
    Scene("completed_after_a_refinement", "completed", Script, ada_narrows_it_and_grace_approves),
    Scene("completed_after_an_edit", "completed", Script, linus_edits_it_and_grace_approves),
    Scene("parts_of_one_message", "parts_ended", _two_in_one, ada_wants_only_the_first),
    Scene("rolled_back", "rolled_back", lambda: Script(failing_phase=2), grace_approves),
    Scene("failed_before_anything_changed", "failed", lambda: Script(refused_by_slack="is archived"), nobody),
    Scene("refused_after_every_repair", "refused", lambda: Script(refuse_revisions=9), nobody),
    Scene("rejected_after_a_question", "rejected", lambda: Script(questions=1), ada_answers_and_grace_rejects),
    Scene("rejected_and_a_late_click", "rejected", SlowEnd, grace_is_too_late),
    Scene("cancelled_plan", "cancelled", Script, ada_cancels_the_plan),
    Scene("cancelled_run", "cancelled", Script, ada_cancels_the_run),
    Scene("completed_after_a_pause", "completed", lambda: Script(wait_seconds=3), a_pause_and_its_end),
    Scene("a_pause_that_nobody_ended", "rolled_back", Script, ada_pauses_and_forgets, limits={"pause_seconds": 2}),
    Scene("expired_alert", "expired", Script, nobody, source="alert", limits={"approval_seconds": 1}),
    Scene("unanswered", "unanswered", lambda: Script(questions=1), nobody, limits={"question_seconds": 1}),
    Scene("declined", "declined", lambda: Script(declined="Gavel does not make coffee."), nobody),
    Scene("plan_only", "plan_only", lambda: alone("plan_only", 0), nobody),
    Scene("completed_alone", "completed", lambda: alone("full_auto", 3), nobody),
    Scene("completed_after_the_canary_alone", "completed", lambda: alone("canary_only", 2), grace_approves),
    Scene("canary_put_back_unwanted", "rolled_back", lambda: alone("canary_only", 2), grace_rejects),
    Scene("canary_failed_alone", "rolled_back", lambda: alone("canary_only", 2, failing_phase=0), nobody),
    Scene("reported_after_repair", "reported", lambda: _reporting(refuse_revisions=1, handover=False), nobody),
    Scene("reported_and_handed_over", "reported", lambda: _reporting(refuse_revisions=0, handover=True), nobody),
    Scene("nothing_to_do", "nothing_to_do", lambda: Script(no_plan="nothing_to_do"), nobody),
]
