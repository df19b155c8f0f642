"""What the gates and the dispatcher cost, each beside the bare thing."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from bot.redaction import redacted
from policies.build import open_engine
from policies.bundle import load_bundle
from policies.engine import PolicyEngine
from policies.pipeline import build_pipeline
from policies.regorus_engine import RegorusEngine
from tests.benchmarks.figures import held, percentile, spread
from tests.unit.policies.documents import (
    approval_document,
    autonomy_document,
    execution_document,
    plan_document,
    tools_document,
)
from tests.unit.policies.opa_server import OpaServer
from tests.unit.policies.plans import (
    CATALOG,
    NOW,
    ORG,
    REGISTRY,
    REQUESTER,
    TASK,
    NoHistory,
    make_context,
    make_estate,
    make_plan,
    tool,
)
from tools.base import Tool, ToolCall, ToolContext
from tools.connectors.advisories import NoAdvisories
from tools.contracts.common import JsonObject
from tools.contracts.identity import Caller
from tools.contracts.ledger import LedgerKind
from tools.dispatcher import build_dispatcher
from tools.drift import CheckHealthInput
from tools.guards.budget import CallBudget
from tools.plans import InvestigationPlans

pytestmark = pytest.mark.benchmark

TIMES = 300
CALLER = Caller(org=ORG, user=REQUESTER, roles=["operator"])


async def _milliseconds(work: Callable[[], Awaitable[object]], *, times: int = TIMES) -> list[float]:
    for _ in range(max(3, times // 10)):
        await work()
    taken: list[float] = []
    for _ in range(times):
        started = time.perf_counter()
        await work()
        taken.append(1000 * (time.perf_counter() - started))
    return taken


ASKED = {"ql.ai.tools": 11, "ql.ai.autonomy": 3, "ql.ai.execution": 2, "ql.ai.safety": 1, "ql.ai.approval": 1}
"""How often a task asks for each: of its calls, of its plan of thirty assets, of its phases."""


async def _decisions(engine: PolicyEngine) -> list[float]:
    documents = {
        "ql.ai.tools": tools_document(),
        "ql.ai.autonomy": autonomy_document(),
        "ql.ai.execution": execution_document(),
        "ql.ai.safety": plan_document(),
        "ql.ai.approval": approval_document(),
    }
    taken: list[float] = []
    for package, often in ASKED.items():
        document = documents[package]
        taken += await _milliseconds(partial(engine.decide, package, document), times=20 * often)
    return taken


async def test_policy_decision() -> None:
    inside = await _decisions(RegorusEngine(load_bundle()))
    server = OpaServer()
    await server.start()
    try:
        engine = await open_engine(server.url, timeout_seconds=5)
        over_http = await _decisions(engine)
        await engine.aclose()
    finally:
        await server.stop()
    held("Policy decision in this process, p50", percentile(inside, 50), unit="ms", bound=1,
         chosen="policy_decision", beside=spread(inside))  # fmt: skip
    held("Policy decision of an OPA server, p50", percentile(over_http, 50), unit="ms", bound=5,
         chosen="policy_decision", beside=spread(over_http))  # fmt: skip


class _Allowed:
    """The policy decision is measured apart."""

    async def authorize(self, tool: Tool, call: ToolCall) -> list[str]:
        return []


class _Unkept:
    """So is the ledger's commit."""

    async def record(self, kind: LedgerKind, body: JsonObject, *, org: str, task_id: str, actor: str, key: str) -> None:
        return


async def test_dispatcher() -> None:
    estate, health = make_estate(), tool("check_health")
    params: JsonObject = {"asset_ids": ["web-0001", "web-0002"], "checks": [{"kind": "heartbeat"}]}
    call = ToolCall(
        id="call-1",
        tool=health.name,
        params=CheckHealthInput.model_validate(params).model_dump(mode="json"),
        caller=CALLER,
        task_id=TASK,
        allowed_tools=frozenset({health.name}),
        environment="production",
    )
    dispatcher = build_dispatcher(
        registry=REGISTRY,
        estate=estate,
        authorizer=_Allowed(),
        recorder=_Unkept(),
        grant_key=b"a grant key of thirty-two bytes .",
        now=lambda: NOW,
        redact=redacted,
        budget=CallBudget(max_calls=10 * TIMES),
    )
    context = ToolContext(
        caller=CALLER,
        task_id=TASK,
        call_id=call.id,
        estate=estate,
        advisories=NoAdvisories(),
        plans=InvestigationPlans(),
        now=lambda: NOW,
    )
    given = health.input.model_validate(call.params)
    answered = await dispatcher.dispatch(call)
    assert answered.ok, answered.failure
    bare = await _milliseconds(lambda: health.run(given, context))
    guarded = await _milliseconds(lambda: dispatcher.dispatch(call))
    held("Dispatcher over the bare function, a call, p50", percentile(guarded, 50) - percentile(bare, 50), unit="ms",
         bound=1, chosen="dispatcher", beside=f"{spread(guarded)}, bare p50 {percentile(bare, 50):.3g} ms; policy "
         "decision and ledger commit apart")  # fmt: skip


async def test_pipeline_of_a_plan_of_500_assets() -> None:
    plan, context = make_plan(500).model_dump(mode="json"), make_context()
    pipeline = build_pipeline(
        RegorusEngine(load_bundle()), estate=make_estate(500), catalog=CATALOG, history=NoHistory()
    )
    assert (await pipeline.judge(plan, context)).allowed
    taken = await _milliseconds(lambda: pipeline.judge(plan, context), times=30)
    held("Pipeline of four gates, a plan of 500 assets, p50", percentile(taken, 50), unit="ms", bound=50,
         chosen="pipeline", beside=spread(taken))  # fmt: skip
