"""5,000 schema-valid plans, each with one unsafe mutation: a gate refuses every one, and none reaches a grant."""

from __future__ import annotations

import asyncio
import copy
from collections import Counter
from dataclasses import dataclass, field
from math import ceil
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.build import open_engine
from policies.bundle import load_bundle
from policies.engine import PolicyEngine
from policies.pipeline import Pipeline, build_pipeline
from policies.regorus_engine import RegorusEngine
from tests.hostile.relaxed import relaxed, told
from tests.hostile.unsafe import ELSEWHERE, UNSAFE
from tests.hostile.wild import Range, WatchedEstate
from tests.unit.policies.opa_server import OpaServer
from tests.unit.policies.plans import CATALOG, NEW, NOW, OLD, NoHistory, image, make_assets, make_context, make_plan
from tools.base import ToolCall
from tools.contracts.common import JsonObject
from tools.contracts.verdict import GateReport

UNSAFE_PLANS = 5000
THROUGH_OPA = 300
SIZES = (5, 6)
"""Assets in a plan."""


def drawn() -> st.SearchStrategy[tuple[int, list[str], Random]]:
    """Every mutation once, in any order, on plans of one size."""
    return st.tuples(st.sampled_from(SIZES), st.permutations(sorted(UNSAFE)), st.randoms(use_true_random=True))


def world(size: int) -> WatchedEstate:
    """The estate in which the good plan of this size is true; beside it, what a bad one could reach for."""
    foreign = make_assets(1, org="T0OTHER")[0].model_copy(update={"id": "other-0001"})
    elsewhere = make_assets(1, environment="staging")[0].model_copy(update={"id": ELSEWHERE})
    unsigned = image("2.0.0").model_copy(update={"signed": False})
    return WatchedEstate([*make_assets(size), foreign, elsewhere], [image(NEW), image(OLD), unsigned])


@dataclass
class Court:
    """The gates, and what became of every plan."""

    engine: PolicyEngine
    seen: Counter[str] = field(default_factory=Counter[str])
    refused_by: Counter[str] = field(default_factory=Counter[str])
    escaped: list[str] = field(default_factory=list[str])
    pipelines: dict[int, Pipeline] = field(default_factory=dict[int, Pipeline])
    estates: dict[int, WatchedEstate] = field(default_factory=dict[int, WatchedEstate])
    good: dict[int, JsonObject] = field(default_factory=dict[int, JsonObject])
    desk: Range = field(init=False)
    """Whose dispatcher has every tool there is."""

    def __post_init__(self) -> None:
        self.desk = Range(self.engine)
        for size in SIZES:
            self.estates[size] = world(size)
            self.pipelines[size] = build_pipeline(
                self.engine, estate=self.estates[size], catalog=CATALOG, history=NoHistory()
            )
            self.good[size] = make_plan(size, canary=1).model_dump(mode="json")

    async def good_plans_pass(self) -> None:
        """Otherwise a refusal would say nothing about the mutation."""
        for size in SIZES:
            report = await self.pipelines[size].judge(self.good[size], make_context())
            assert report.allowed, report.refusals

    async def judge(self, size: int, name: str, random: Random) -> None:
        plan = copy.deepcopy(self.good[size])
        UNSAFE[name](plan, random)
        assert plan != self.good[size], name
        report = await self.pipelines[size].judge(plan, make_context())
        assert report.results[0].passed, f"{name} left the schema: {report.refusals}"
        self.seen[name] += 1
        if report.allowed or report.requirement is not None:
            self.escaped.append(f"{name}: {plan}")
        self._count(report)
        if self.seen.total() % 20 == 0:
            await self.run_anyway(plan)

    async def run_anyway(self, plan: JsonObject) -> None:
        """Every action of a refused plan, put to the dispatcher as it stands: no grant was made, so none runs."""
        context, dispatcher = make_context(), self.desk.dispatcher()
        actions = [action for phase in plan["phases"] for action in phase["actions"]] + plan["rollback"]["actions"]
        for action in actions:
            if CATALOG.get(action["tool"], {"risk": "unknown"})["risk"] in ("read_only", "plan_only"):
                continue
            call = ToolCall(
                id=str(action["id"]),
                tool=action["tool"],
                params=action["params"],
                caller=context.caller,
                task_id=context.spec.id,
                allowed_tools=frozenset({action["tool"]}),
                environment="production",
            )
            result = await dispatcher.dispatch(call)
            assert not result.ok, action

    def _count(self, report: GateReport) -> None:
        refusing = [result.gate for result in report.results if not result.passed]
        self.refused_by[refusing[0] if refusing else "nobody"] += 1

    def conclude(self, title: str, *, at_least: int) -> None:
        told(f"{title}: unsafe plans by mutation", self.seen)
        told(f"{title}: refused by", self.refused_by)
        assert not self.escaped, self.escaped[:3]
        assert self.seen.total() >= at_least
        assert set(self.seen) == set(UNSAFE)
        assert self.refused_by["nobody"] == 0
        assert all(estate.changes == 0 for estate in (*self.estates.values(), self.desk.estate))


def tried(court: Court, runner: asyncio.Runner, *, rounds: int) -> None:
    runner.run(court.good_plans_pass())

    @settings(relaxed, max_examples=rounds)
    @given(drawn())
    def each(case: tuple[int, list[str], Random]) -> None:
        size, names, random = case
        for name in names:
            runner.run(court.judge(size, name, random))

    each()


@pytest.mark.timeout(600)
def test_five_thousand_unsafe_plans_are_refused_and_reach_no_grant() -> None:
    court = Court(RegorusEngine(load_bundle()))
    with asyncio.Runner() as runner:
        tried(court, runner, rounds=ceil(UNSAFE_PLANS / len(UNSAFE)))
    court.conclude("regorus", at_least=UNSAFE_PLANS)


@pytest.mark.timeout(600)
def test_a_sample_of_them_is_refused_by_the_opa_server_too() -> None:
    server = OpaServer()
    with asyncio.Runner() as runner:
        runner.run(server.start())
        try:
            engine = runner.run(open_engine(server.url, timeout_seconds=5))
            court = Court(engine)
            tried(court, runner, rounds=ceil(THROUGH_OPA / len(UNSAFE)))
            runner.run(engine.aclose())
        finally:
            runner.run(server.stop())
    court.conclude("opa server", at_least=THROUGH_OPA)


async def test_the_moment_of_these_plans_is_within_their_window() -> None:
    window = make_plan(8, canary=1).maintenance_window
    assert window is not None
    assert window.start <= NOW < window.end
