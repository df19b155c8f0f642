"""The worker: runs the task workflow and its activities. As many processes of it as there is work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from importlib import metadata
from typing import Any

from temporalio.client import Client
from temporalio.worker import Interceptor, Worker

from bot.alerts.desk_door import DeskDoor
from bot.workflows.activities.alerting import Alerting
from bot.workflows.activities.authenticating import Authenticating
from bot.workflows.activities.concluding import Concluding
from bot.workflows.activities.controlling import Controlling
from bot.workflows.activities.deciding import Deciding
from bot.workflows.activities.editing import Editing
from bot.workflows.activities.elsewhere import GoingElsewhere
from bot.workflows.activities.executing import Executing
from bot.workflows.activities.following_up import FollowingUp
from bot.workflows.activities.inquiring import Inquiring
from bot.workflows.activities.investigating import Investigating
from bot.workflows.activities.judging import Judging
from bot.workflows.activities.reminding import Reminding
from bot.workflows.activities.reporting import Reporting
from bot.workflows.activities.retrying import BEAT_SECONDS
from bot.workflows.activities.task_ends import TaskEnds
from bot.workflows.activities.understanding import Understanding
from bot.workflows.alerts.desk import TriageWorkflow
from bot.workflows.alerts.life import AlertWorkflow
from bot.workflows.held import Held
from bot.workflows.runner import GuardedRunner, tell_nobody
from bot.workflows.task import TaskWorkflow
from bot.workflows.whole_signals import WholeSignals
from bot.workflows.workbench import Workbench

WORKFLOWS: tuple[type, ...] = (TaskWorkflow, AlertWorkflow, TriageWorkflow)

GRACE = timedelta(seconds=5)
"""A stopping worker lets its activities end for this long; what does not is taken up by another."""

STICKY = timedelta(seconds=2)
"""How long a dead worker holds back its tasks' next steps (Temporal's default: 10 s)."""


def activities_of(
    client: Client, bench: Workbench, *, task_queue: str, decision_key: bytes
) -> list[Callable[..., Any]]:
    """Every activity, at this bench."""
    understanding, investigating, judging = Understanding(bench), Investigating(bench), Judging(bench)
    reporting = Reporting(bench, decision_key)
    deciding, executing, concluding = Deciding(bench), Executing(bench), Concluding(bench)
    controlling, elsewhere = Controlling(bench), GoingElsewhere(bench, decision_key)
    following_up, authenticating = FollowingUp(bench), Authenticating(decision_key)
    alerting = Alerting(bench, DeskDoor(client, task_queue), decision_key)
    inquiring = Inquiring(bench.ledger, bench.spending, bench.roles, bench.policies, decision_key, bench.now)
    editing = Editing(bench)
    return [
        authenticating.authenticate,
        authenticating.authentic_ones,
        authenticating.enlist,
        understanding.understand,
        understanding.confirm_parts,
        understanding.warn_of_secret,
        investigating.investigate,
        judging.judge,
        reporting.report,
        reporting.hand_over,
        deciding.present,
        following_up.follow_up,
        following_up.supersede,
        editing.edit_plan,
        elsewhere.settle_elsewhere,
        Reminding(bench).remind,
        deciding.read_roles,
        deciding.tell,
        deciding.refuse_decision,
        deciding.accept_decision,
        controlling.heed_control,
        controlling.refuse_control,
        controlling.show_run,
        executing.run_phase,
        executing.roll_back,
        concluding.conclude,
        alerting.enter_triage,
        alerting.relate,
        alerting.show_alerts,
        alerting.tell_worse,
        inquiring.open_investigation,
        TaskEnds(client).follow_investigation,
    ]


def build_worker(
    client: Client,
    bench: Workbench,
    *,
    task_queue: str,
    decision_key: bytes,
    interceptors: Sequence[Interceptor] = (),
    held: Callable[[Held], None] = tell_nobody,
) -> Worker:
    """Not started. `async with` runs it. `interceptors`: around each step, the outermost first. `held`: told, from
    other threads, of each workflow that this worker cannot go on with.
    """
    return Worker(
        client,
        task_queue=task_queue,
        # The SDK would otherwise read and hash every imported module, litellm's thousands too, before it starts.
        build_id=f"gavel-{metadata.version('gavel')}",
        workflows=WORKFLOWS,
        workflow_runner=GuardedRunner(tell=held),
        activities=activities_of(client, bench, task_queue=task_queue, decision_key=decision_key),
        interceptors=[WholeSignals(), *interceptors],
        graceful_shutdown_timeout=GRACE,
        sticky_queue_schedule_to_start_timeout=STICKY,
        # By default most of the timeout goes by before a heartbeat is sent on, and a busy machine misses the rest.
        max_heartbeat_throttle_interval=timedelta(seconds=BEAT_SECONDS),
    )
