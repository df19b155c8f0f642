"""A tenant's bench is set up once for all who wait for it, and whoever waits says that they are alive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from bot.app import NOBODY, build_client
from bot.keys import load_keys
from bot.local.estate.estate import SampleEstate
from bot.local.rehearsal.members import rehearsal_members
from bot.runtime import open_workbench
from bot.settings import Settings
from bot.telemetry.metrics import Metrics
from bot.tenants.benches import UNDOING, Step, TenantBenches
from bot.tenants.office import Tenants, open_tenants
from bot.tenants.stepping import AtTheTenantsBench
from bot.workflows.workbench import Workbench
from tests.unit.local_slack.harness import Slack
from tests.unit.tenants.distributed import SECOND, granted, installation_of

STEP = ActivityEnvironment.default_info().activity_type


@dataclass(frozen=True)
class Message:
    org: str


@dataclass
class Worker:
    """Its benches, of which setting one up can be held up."""

    settings: Settings
    tenants: Tenants
    bench: Workbench
    benches: TenantBenches = field(init=False)
    begun: int = 0
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)
    fails_next: bool = False

    def __post_init__(self) -> None:
        self.benches = TenantBenches(
            self.settings, self.tenants, self.bench, Metrics(), self._steps_at, prepare=self._prepare
        )

    async def _prepare(self, org: str) -> None:
        self.begun += 1
        await self.may_go_on.wait()
        if self.fails_next:
            self.fails_next = False
            raise ConnectionError("the estate is away")

    def _steps_at(self, bench: Workbench) -> Mapping[str, Step]:
        async def whose(_: object) -> str:
            return bench.team

        return {STEP: whose, UNDOING[0]: whose}


@pytest.fixture
async def worker(slack: Slack, settings: Settings) -> AsyncGenerator[Worker]:
    keys, estate = load_keys(settings), SampleEstate(settings.data_dir / "estate.db")
    async with (
        open_workbench(
            settings,
            keys=keys,
            client=build_client(api_url=settings.slack.api_url, bot_token=""),
            identity=NOBODY,
            members=rehearsal_members("http://127.0.0.1:9/"),
            estate=estate,
            samples=[],
        ) as bench,
        open_tenants(settings, keys, database=bench.ledger.database) as tenants,
    ):
        await tenants.store.async_save(installation_of(await granted(slack, SECOND)))
        yield Worker(settings, tenants, bench)
    await estate.close()


async def test_setting_up_that_is_cut_off_goes_on_and_is_done_once(worker: Worker) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(worker.benches.steps_of(SECOND), 0.3)
    waiting = [asyncio.create_task(worker.benches.steps_of(SECOND)) for _ in range(3)]
    await asyncio.sleep(0.1)
    worker.may_go_on.set()
    (steps,) = {id(found): found for found in await asyncio.gather(*waiting)}.values()
    assert await steps[STEP](None) == SECOND
    assert await worker.benches.steps_of(SECOND) is steps
    assert worker.begun == 1


async def test_setting_up_that_fails_is_begun_anew(worker: Worker) -> None:
    worker.may_go_on.set()
    worker.fails_next = True
    with pytest.raises(ConnectionError):
        await worker.benches.steps_of(SECOND)
    assert await (await worker.benches.steps_of(SECOND))[STEP](None) == SECOND
    assert worker.begun == 2


async def test_a_bench_of_an_installation_that_is_gone_is_not_kept_for_the_next(slack: Slack, worker: Worker) -> None:
    of_the_gone = asyncio.create_task(worker.benches.steps_of(SECOND))
    await asyncio.sleep(0.2)
    await worker.tenants.store.async_save(installation_of(await granted(slack, SECOND)))
    worker.tenants.tokens.forget(SECOND)
    of_the_next = asyncio.create_task(worker.benches.steps_of(SECOND))
    await asyncio.sleep(0.2)
    worker.may_go_on.set()
    gone, following = await of_the_gone, await of_the_next
    assert gone is not following
    assert await worker.benches.steps_of(SECOND) is following
    assert worker.begun == 2


async def test_a_step_that_waits_for_its_bench_says_that_the_worker_is_alive(worker: Worker) -> None:
    class Last(ActivityInboundInterceptor):
        def __init__(self) -> None:
            """There is none after it."""

        async def execute_activity(self, input: ExecuteActivityInput) -> Any:
            return await input.fn(*input.args)

    async def nobodys(_: object) -> str:
        raise AssertionError("it was done at nobody's bench")

    beats: list[Any] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: beats.append(details)
    asyncio.get_running_loop().call_later(1.5, worker.may_go_on.set)
    step = ExecuteActivityInput(fn=nobodys, args=[Message(SECOND)], executor=None, headers={})
    inbound = AtTheTenantsBench(worker.benches).intercept_activity(Last())
    assert await environment.run(inbound.execute_activity, step) == SECOND
    assert beats
