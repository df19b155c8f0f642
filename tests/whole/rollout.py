"""A task whose plan is for real assets and whose phases really run; what leads up to them is scripted."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter
from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.worker import Worker

from bot.local.estate.estate import SampleEstate
from bot.workflows import messages as m
from bot.workflows.activities.authenticating import Authenticating
from bot.workflows.activities.controlling import Controlling
from bot.workflows.activities.executing import Executing
from bot.workflows.runner import GuardedRunner
from bot.workflows.task import TaskWorkflow
from bot.workflows.workbench import Workbench
from tests.unit.workflows.running import Running, decision_on
from tests.unit.workflows.script import Script, council, plan_for
from tests.whole.gated import Gate, Moment, Works
from tools.connectors.base import AssetQuery
from tools.contracts.common import JsonObject
from tools.contracts.control import ControlAction
from tools.contracts.estate import Asset, Image
from tools.contracts.ledger import LedgerKind
from tools.contracts.outputs.drift import DriftRemediationPlan
from tools.contracts.plan import AssetExpectation
from tools.contracts.rollout import TargetImage
from tools.contracts.signing import sign
from tools.drift.phases import Rollout, rollout_action

ADA, GRACE = "U0ADA00001", "U0GRACE001"

_BODY = TypeAdapter(JsonObject)

Change = Callable[[DriftRemediationPlan], DriftRemediationPlan]


def unchanged(plan: DriftRemediationPlan) -> DriftRemediationPlan:
    return plan


@dataclass
class RealPlan(Script):
    """Drifted assets of the sample estate, one after the other: a canary, a pause, waves."""

    assets: list[Asset] = field(default_factory=list[Asset])
    images: list[Image] = field(default_factory=list[Image])
    policy_digest: str = ""
    """Of the policies that the plan was judged and approved under."""
    change: Change = unchanged

    @property
    def golden(self) -> Image:
        return next(image for image in self.images if image.status == "production" and image.signed)

    def plan(self, request: m.TaskRequest, revision: int) -> DriftRemediationPlan:
        golden = self.golden
        came_from = {image.version: image.id for image in self.images}
        ids = [asset.id for asset in self.assets]
        rollout = Rollout(golden.id, "production", canary_size=1, max_batch_percent=1, wait_seconds=1, checks=[])
        scripted = plan_for(request, revision)
        return self.change(
            scripted.model_copy(
                update={
                    "asset_ids": ids,
                    "phases": [phase for phase in rollout.phases(self.assets) if phase.type != "verify"],
                    "rollback": scripted.rollback.model_copy(
                        update={
                            "actions": [
                                rollout_action(
                                    f"r{asset.id}",
                                    [asset.id],
                                    came_from[asset.image_version or ""],
                                    environment="production",
                                    rollback=True,
                                )
                                for asset in self.assets
                            ]
                        }
                    ),
                    "expectations": [
                        AssetExpectation(
                            asset_id=asset.id,
                            fingerprint=asset.fingerprint,
                            from_version=asset.image_version or "",
                            to_version=golden.version,
                        )
                        for asset in self.assets
                    ],
                    "target_image": TargetImage(id=golden.id, family=golden.family, version=golden.version),
                }
            )
        )

    @activity.defn(name="investigate")
    async def investigate(self, message: m.InvestigateInput) -> m.Investigated:
        plan = self.plan(message.request, message.revision)
        return m.Investigated(council(), "drifted", plan.model_dump(mode="json"), ["t1"])

    @activity.defn(name="judge")
    async def judge(self, message: m.JudgeInput) -> m.Judged:
        judged = await super().judge(message)
        return replace(judged, report=judged.report.model_copy(update={"policy_digest": self.policy_digest}))


@dataclass
class Task:
    """One run of such a plan."""

    works: Works
    bench: Workbench
    estate: SampleEstate
    """Its own."""
    file: Path
    """Of its estate: to change it past Gavel."""
    script: RealPlan
    request: m.TaskRequest
    handle: WorkflowHandle[TaskWorkflow, m.TaskResult] | None = None
    """Once it is handed over."""

    async def control(self, user: str, action: ControlAction) -> None:
        """A click on the run's card."""
        assert self.handle is not None
        key = self.works.stack.keys.derive("decision")
        await Running(self.handle, self.script, key).control(user, action, org=self.request.org)

    @property
    def ids(self) -> list[str]:
        """The plan's assets: the canary, then the wave."""
        return [asset.id for asset in self.script.assets]

    async def journal(self) -> list[tuple[str, str]]:
        """What was done to which asset, in order."""
        return [(entry.kind, entry.asset_id) for entry in await self.estate.journal(self.request.org)]

    async def ledger(self, kind: LedgerKind) -> list[JsonObject]:
        """The bodies of the task's entries of this kind, oldest first."""
        found = await self.bench.ledger.show(self.request.org, task_id=self.request.task_id, kind=kind, limit=1000)
        return [_BODY.validate_json(entry.body) for entry in found]


Hook = Callable[[Task, Moment], Awaitable[None]]


async def uneventful(_: Task, __: Moment) -> None:
    """Nobody interferes."""


@asynccontextmanager
async def prepared(works: Works, *, change: Change = unchanged) -> AsyncGenerator[Task]:
    """A task in a thread and an estate of its own, which nobody has handed over yet."""
    said = await works.stage.say("ada", "ops", "A change")
    org, task_id = works.stack.org, f"{works.stack.org}.{said.channel}.{said.ts}"
    file = works.stack.settings.data_dir / f"{task_id}.db"
    await asyncio.to_thread(shutil.copy, works.stack.estate, file)
    estate = SampleEstate(file)
    try:
        caches = AssetQuery(environment="production", image_family="cache-base", state="running")
        assets, _ = await estate.assets(org, caches, limit=500, cursor=None)
        images = await estate.images(org, family="cache-base")
        bench = replace(works.bench, estate=estate)
        script = RealPlan(assets=assets, images=images, policy_digest=await bench.rechecks.engine.digest())
        script.assets = [asset for asset in assets if asset.image_version != script.golden.version][:2]
        script.change = change
        request = m.TaskRequest(
            task_id=task_id,
            org=org,
            user=ADA,
            source="mention",
            channel=said.channel,
            thread_ts=said.ts,
            message_ts=said.ts,
            text="fix it",
            redacted=[],
            received_at=datetime.now(UTC).isoformat(),
            limits=m.TaskLimits(),
        )
        yield Task(works, bench, estate, file, script, request)
    finally:
        await estate.close()


async def run(task: Task, hook: Hook = uneventful, *, by: str = GRACE) -> m.TaskResult:
    """Hand it over, approve, and call `hook` before and after each attempt at a phase and at a rollback. `by`: who."""

    async def pass_by(moment: Moment) -> None:
        if moment.step in ("run_phase", "roll_back"):
            await hook(task, moment)

    temporal = await task.works.client(Gate(pass_by))
    key, executing = task.works.stack.keys.derive("decision"), Executing(task.bench)
    script = task.script
    played = (script.run_phase, script.roll_back, script.heed_control, script.refuse_control, script.show_run)
    scripted, controlling = [step for step in script.activities if step not in played], Controlling(task.bench)
    worker = Worker(
        temporal,
        task_queue=task.request.task_id,
        workflows=[TaskWorkflow],
        workflow_runner=GuardedRunner(),
        activities=[
            *scripted,
            executing.run_phase,
            executing.roll_back,
            controlling.heed_control,
            controlling.refuse_control,
            controlling.show_run,
            Authenticating(key).authenticate,
        ],
        build_id="tests",
    )
    script.roles = {GRACE: ["approver"]}
    async with worker:
        handle = await temporal.start_workflow(
            TaskWorkflow.run, sign(task.request, key), id=task.request.task_id, task_queue=task.request.task_id
        )
        task.handle = handle
        proposal = await Running(handle, script).proposal()
        await handle.signal(TaskWorkflow.decide, sign(decision_on(proposal, by, "approve"), key))
        return await handle.result()
