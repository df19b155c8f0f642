"""The activities as the workflow sees them: a name, what goes in, what comes out, how long. Bodies: `activities/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from temporalio import workflow
from temporalio.workflow import ActivityCancellationType

from bot.workflows import messages as m
from bot.workflows.messages import alerts as a
from bot.workflows.messages import triage as t
from bot.workflows.options import (
    CARDS_STEP,
    ENTER_STEP,
    ESTATE_STEP,
    EXECUTE_STEP,
    FOLLOW_STEP,
    GATE_STEP,
    MODEL_STEP,
    REMIND_STEP,
    REPLY_STEP,
    WRITE_STEP,
    StepOptions,
)
from tools.contracts.control import Control
from tools.contracts.decision import Decision
from tools.contracts.edit import Edit

Input = TypeVar("Input")
Output = TypeVar("Output")


@dataclass(frozen=True)
class Step(Generic[Input, Output]):
    name: str
    input: type[Input]
    output: type[Output]
    options: StepOptions


UNDERSTAND = Step("understand", m.UnderstandInput, m.Understood, MODEL_STEP)
CONFIRM_PARTS = Step("confirm_parts", m.ConfirmedParts, bool, WRITE_STEP)
ENLIST = Step("enlist", m.EnlistInput, m.TaskRequest, WRITE_STEP)
WARN_OF_SECRET = Step("warn_of_secret", m.WarnInput, bool, WRITE_STEP)
INVESTIGATE = Step("investigate", m.InvestigateInput, m.Investigated, MODEL_STEP)
JUDGE = Step("judge", m.JudgeInput, m.Judged, GATE_STEP)
PRESENT = Step("present", m.PresentInput, m.Presented, WRITE_STEP)
REPORT = Step("report", m.ReportInput, bool, WRITE_STEP)
HAND_OVER = Step("hand_over", m.HandOverInput, m.TaskRequest, WRITE_STEP)
FOLLOW_UP = Step("follow_up", m.FollowUpInput, m.FollowedUp, REPLY_STEP)
SETTLE_ELSEWHERE = Step("settle_elsewhere", m.ElsewhereInput, m.Settled, WRITE_STEP)
EDIT_PLAN = Step("edit_plan", m.EditInput, m.FollowedUp, WRITE_STEP)
SUPERSEDE = Step("supersede", m.SupersedeInput, bool, WRITE_STEP)
REMIND = Step("remind", m.RemindInput, str, REMIND_STEP)
READ_ROLES = Step("read_roles", m.RolesInput, m.Standing, WRITE_STEP)
TELL = Step("tell", m.TellInput, bool, WRITE_STEP)
REFUSE_DECISION = Step("refuse_decision", m.RefusedDecision, bool, WRITE_STEP)
ACCEPT_DECISION = Step("accept_decision", m.AcceptedDecision, bool, WRITE_STEP)
HEED_CONTROL = Step("heed_control", m.HeededControl, bool, WRITE_STEP)
REFUSE_CONTROL = Step("refuse_control", m.RefusedControl, bool, WRITE_STEP)
SHOW_RUN = Step("show_run", m.ShowInput, bool, WRITE_STEP)
RUN_PHASE = Step("run_phase", m.PhaseInput, m.PhaseResult, EXECUTE_STEP)
ROLL_BACK = Step("roll_back", m.RollbackInput, m.RollbackResult, EXECUTE_STEP)
CONCLUDE = Step("conclude", m.ConcludeInput, bool, WRITE_STEP)
ENTER_TRIAGE = Step("enter_triage", a.EnterInput, bool, ENTER_STEP)
RELATE = Step("relate", t.RelateInput, dict[str, list[str]], ESTATE_STEP)
SHOW_ALERTS = Step("show_alerts", t.ShowAlertsInput, t.Shown, CARDS_STEP)
TELL_WORSE = Step("tell_worse", t.WorseInput, bool, WRITE_STEP)
OPEN_INVESTIGATION = Step("open_investigation", t.OpenInput, t.Opened, WRITE_STEP)
FOLLOW = Step("follow_investigation", t.FollowInput, t.Followed, FOLLOW_STEP)

AUTHENTICATE = "authenticate"
"""A local activity: checks one MAC. The key never enters the workflow."""


async def authenticate(message: Decision | m.Answer | Control | Edit | m.TaskRequest) -> bool:
    """Whether the edge that authenticated the person vouches for this message."""
    return await workflow.execute_local_activity(
        AUTHENTICATE,
        m.Vouched(kind=type(message).__name__, fields=asdict(message)),
        result_type=bool,
        start_to_close_timeout=timedelta(seconds=5),
    )


AUTHENTIC_ONES = "authentic_ones"


async def authentic_ones(messages: Sequence[a.AlertBatch | a.AlertEntry | t.LookInto]) -> list[bool]:
    """Which of them the edge, or a step of ours, vouches for: in one go, because in a storm there are many."""
    return await workflow.execute_local_activity(
        AUTHENTIC_ONES,
        [m.Vouched(kind=type(message).__name__, fields=asdict(message)) for message in messages],
        result_type=list[bool],
        start_to_close_timeout=timedelta(seconds=30),
    )


async def run(step: Step[Input, Output], message: Input, *, within: timedelta | None = None) -> Output:
    """Run one step. `within`: all its attempts, where that is less than its options allow. Raises `ActivityError` when
    it gave up for good."""
    return await start(step, message, within=within)


def start(
    step: Step[Input, Output], message: Input, *, within: timedelta | None = None
) -> workflow.ActivityHandle[Output]:
    """Begin one step, for whoever may stop waiting for it."""
    at_most = step.options.schedule_to_close
    return workflow.start_activity(
        step.name,
        message,
        result_type=step.output,
        start_to_close_timeout=step.options.start_to_close,
        schedule_to_close_timeout=min(at_most, within) if within is not None else at_most,
        heartbeat_timeout=step.options.heartbeat,
        retry_policy=step.options.retry,
        cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED
        if step.options.sees_it_out
        else ActivityCancellationType.TRY_CANCEL,
    )
