"""A thousand tasks that wait for approval, quickly: what leads up to their cards is scripted, the cards are real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy import update
from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.worker import Worker

from bot.app import Identity
from bot.blocks.message import sentence
from bot.edge import slack_client
from bot.local.estate import tables
from bot.local.estate.engine import open_engine, writing
from bot.local.slack.seed import BOT_ID, BOT_USER_ID, TEAM_ID
from bot.narrator.live import Narrator
from bot.pacing import Pacer
from bot.runtime import open_workbench
from bot.thread import ROOT, ThreadRef, ThreadWriter
from bot.workflows import messages as m
from bot.workflows.activities.authenticating import Authenticating
from bot.workflows.activities.deciding import Deciding
from bot.workflows.runner import GuardedRunner
from bot.workflows.task import TaskWorkflow
from bot.workflows.workbench import Workbench
from tests.unit.workflows.script import council, spec_for
from tests.whole.rollout import ADA, RealPlan
from tests.whole.town import Town, until
from tools.connectors.base import AssetQuery
from tools.contracts.estate import Asset
from tools.contracts.outputs.drift import DriftRemediationPlan
from tools.contracts.signing import sign

CHANNEL = "C0OPS00001"
FAMILY = "cache-base"
LONG = 8 * 3600
"""Seconds that people have to decide."""

AT_A_TIME = 25


@dataclass(frozen=True)
class Waiting:
    """One task, with its card."""

    task_id: str
    thread_ts: str
    card_ts: str


@dataclass
class Scripted(RealPlan):
    """Plans for real assets, put to people on real cards."""

    bench: Workbench | None = None
    pairs: Sequence[Sequence[Asset]] = ()
    """Each for one task; what is beyond them begins again."""
    cards: list[Waiting] = field(default_factory=list[Waiting])
    shown: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def works(self) -> Workbench:
        assert self.bench is not None
        return self.bench

    @activity.defn(name="understand")
    async def understand(self, message: m.UnderstandInput) -> m.Understood:
        request = message.request
        thread = ThreadRef(team=request.org, channel=request.channel, thread_ts=None)
        said = sentence(request.text)
        root = await self.works.writer.post_once(thread, said, key=ROOT, task_id=request.task_id, check_first=False)
        return m.Understood(thread_ts=root, spec=spec_for(request))

    @activity.defn(name="investigate")
    async def investigate(self, message: m.InvestigateInput) -> m.Investigated:
        number = int(message.request.task_id.rpartition("-")[2])
        own = replace(self, assets=list(self.pairs[number % len(self.pairs)]))
        plan: DriftRemediationPlan = own.plan(message.request, message.revision)
        return m.Investigated(council(), "drifted", plan.model_dump(mode="json"), ["t1"])

    @activity.defn(name="present")
    async def present(self, message: m.PresentInput) -> m.Presented:
        presented = await Deciding(self.works).present(message)
        async with self.shown:
            self.cards.append(Waiting(message.request.task_id, message.thread_ts or "", presented.card_ts))
            self.shown.notify_all()
        return presented


async def wait_for_approval(town: Town, count: int, *, quorum: int) -> list[Waiting]:
    """Start so many tasks and return once people can decide on each. Nothing else may serve the town meanwhile."""
    await town.stage.fault(rate_limits=False)
    async with _bench(town) as bench:
        script = Scripted(bench=bench, pairs=await _drifted(town), quorum=quorum)
        script.images = await town.estate.images(town.stack.org, family=FAMILY)
        script.policy_digest = await bench.rechecks.engine.digest()
        key = town.stack.keys.derive("decision")
        worker = Worker(
            town.temporal,
            task_queue=town.stack.settings.temporal.task_queue,
            workflows=[TaskWorkflow],
            workflow_runner=GuardedRunner(),
            activities=[*script.activities, Authenticating(key).authenticate],
            build_id="seeding",
        )
        room = asyncio.Semaphore(AT_A_TIME)

        async def one(number: int) -> None:
            async with room:
                request = _request(town.stack.org, number)
                await town.temporal.start_workflow(
                    TaskWorkflow.run,
                    sign(request, key),
                    id=request.task_id,
                    task_queue=town.stack.settings.temporal.task_queue,
                )
                async with script.shown:
                    await script.shown.wait_for(lambda: any(each.task_id == request.task_id for each in script.cards))
                handle = town.temporal.get_workflow_handle_for(TaskWorkflow.run, request.task_id)
                await until(lambda: _waits(handle), seconds=60, what=f"The plan of {request.task_id}")

        async with worker, asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(one(number))
    await town.stage.fault(rate_limits=True)
    return sorted(script.cards, key=lambda each: each.task_id)


async def _waits(task: WorkflowHandle[TaskWorkflow, m.TaskResult]) -> bool:
    state: m.TaskState = await task.query(TaskWorkflow.task_state)
    return state.status == "awaiting_approval"


def _request(org: str, number: int) -> m.TaskRequest:
    return m.TaskRequest(
        task_id=f"{org}.{CHANNEL}.waiting-{number:04d}",
        org=org,
        user=ADA,
        source="command",
        channel=CHANNEL,
        thread_ts=None,
        message_ts=None,
        text=f"cache servers have drifted, {number}",
        redacted=[],
        received_at=datetime.now(UTC).isoformat(),
        limits=m.TaskLimits(approval_seconds=LONG),
    )


async def _drifted(town: Town) -> list[list[Asset]]:
    """Pairs of running production servers of one family, all of them put on an image from before the golden one."""
    org = town.stack.org
    query = AssetQuery(environment="production", image_family=FAMILY, state="running")
    images = await town.estate.images(org, family=FAMILY)
    golden = next(image for image in images if image.status == "production" and image.signed)
    earlier = next(image for image in images if image.version != golden.version)
    engine, row = open_engine(town.stack.estate), tables.assets.c
    async with writing(engine) as connection:
        where = (row.org_id == org) & (row.image_family == FAMILY)
        await connection.execute(update(tables.assets).where(where).values(image_version=earlier.version))
    await engine.dispose()
    assets, _ = await town.estate.assets(org, query, limit=500, cursor=None)
    return [list(assets[at : at + 2]) for at in range(0, len(assets) - 1, 2)]


@asynccontextmanager
async def _bench(town: Town) -> AsyncGenerator[Workbench]:
    stack, client = town.stack, slack_client(town.stack.settings)
    async with AsyncExitStack() as exits:
        bench = await exits.enter_async_context(
            open_workbench(
                stack.settings,
                keys=stack.keys,
                client=client,
                identity=Identity(team=TEAM_ID, user=BOT_USER_ID, bot=BOT_ID),
                members=stack.members,
                estate=town.estate,
                samples=[],
            )
        )
        writer = ThreadWriter(client, bot_id=BOT_ID, pacer=Pacer(channel_rate=None))
        yield replace(bench, writer=writer, narrator=Narrator(writer))
