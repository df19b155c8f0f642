"""A dispatcher over a real estate file and a real ledger, and calls to put to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.ledger.database import Database
from bot.ledger.ledger import Ledger
from bot.local.estate import SampleEstate
from tools.base import Tool, ToolCall, ToolFailure, ToolResult
from tools.connectors.advisories import AdvisorySource
from tools.connectors.base import AssetQuery
from tools.contracts.common import Environment, JsonObject
from tools.contracts.estate import Asset
from tools.contracts.grant import ExecutionGrant
from tools.contracts.identity import Caller
from tools.dispatcher import Dispatcher, guarded
from tools.grants import sign_grant
from tools.guards.base import CallHandler, ToolHandler
from tools.guards.budget import CallBudget
from tools.guards.run import RunTool
from tools.plans import InvestigationPlans
from tools.registry import ToolRegistry

ORG = "TACME"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
KEY = b"a grant key of thirty-two bytes ."


def now() -> datetime:
    return NOW


def unchanged(text: str) -> str:
    return text


@dataclass
class Policies:
    """Layer 4 as these tests want it: what it refuses, or that it is away."""

    reasons: tuple[str, ...] = ()
    away: bool = False

    async def authorize(self, tool: Tool, call: ToolCall) -> list[str]:
        if self.away:
            raise ConnectionError(f"no engine to ask about {tool.name} in {call.task_id}")
        return list(self.reasons)


@dataclass
class Bench:
    estate: SampleEstate
    ledger: Ledger
    database: Database
    registry: ToolRegistry
    policies: Policies
    budget: CallBudget
    plans: InvestigationPlans
    advisories: AdvisorySource
    """The sample estate's, unless a test puts others in their place."""
    path: Path
    """The estate's file, to compute from its tables what a tool should say."""
    redact: Callable[[str], str] = unchanged
    max_output_bytes: int = 256_000
    calls: int = 0

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """What the estate's tables hold, past the connector."""
        connection = sqlite3.connect(self.path)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(statement, values)]
        finally:
            connection.close()

    def alter(self, statement: str, *values: Any) -> None:
        """Change the estate's tables, as somebody outside Gavel would."""
        connection = sqlite3.connect(self.path)
        try:
            with connection:
                assert connection.execute(statement, values).rowcount > 0, statement
        finally:
            connection.close()

    def drop(self, table: str) -> None:
        """Take a whole table out of the estate: its source can then not be read."""
        connection = sqlite3.connect(self.path)
        try:
            with connection:
                connection.execute(f'DROP TABLE "{table}"')
        finally:
            connection.close()

    def chain(self) -> CallHandler:
        return guarded(
            RunTool(estate=self.estate, plans=self.plans, now=now, advisories=self.advisories),
            registry=self.registry,
            estate=self.estate,
            authorizer=self.policies,
            recorder=self.ledger,
            grant_key=KEY,
            now=now,
            redact=self.redact,
            budget=self.budget,
            max_output_bytes=self.max_output_bytes,
        )

    def call(self, tool: str, params: JsonObject, **changes: Any) -> ToolCall:
        """A production task's call of any tool the registry has."""
        self.calls += 1
        call = ToolCall(
            id=f"call-{self.calls}",
            tool=tool,
            params=params,
            caller=Caller(org=ORG, user="U1", roles=["operator"]),
            task_id="task-1",
            allowed_tools=frozenset(self.registry.names()),
            environment="production",
        )
        return replace(call, **changes)

    async def dispatch(self, call: ToolCall) -> ToolResult:
        return await Dispatcher(self.chain()).dispatch(call)

    async def ask(self, tool: str, params: JsonObject, **changes: Any) -> ToolResult:
        return await self.dispatch(self.call(tool, params, **changes))

    async def refusal(self, tool: str, params: JsonObject, **changes: Any) -> ToolFailure:
        result = await self.ask(tool, params, **changes)
        assert result.failure is not None, result.output
        return result.failure

    async def pages(self, tool: str, params: JsonObject, rows: str, **changes: Any) -> list[JsonObject]:
        """The rows of every page, in order."""
        found: list[JsonObject] = []
        cursor: str | None = None
        while True:
            given = params if cursor is None else {**params, "cursor": cursor}
            output = await self.output(tool, given, **changes)
            assert len(output[rows]) == output["returned"] <= params.get("limit", 200)
            found.extend(output[rows])
            cursor = output["next_cursor"]
            if cursor is None:
                return found

    async def output(self, tool: str, params: JsonObject, **changes: Any) -> JsonObject:
        result = await self.ask(tool, params, **changes)
        assert result.output is not None, result.failure
        return result.output

    async def assets(self, family: str, environment: Environment, *, org: str = ORG) -> list[Asset]:
        query = AssetQuery(environment=environment, image_family=family, state="running")
        return (await self.estate.assets(org, query, limit=500, cursor=None))[0]

    async def drifted(self, family: str = "web-base", environment: Environment = "production") -> list[str]:
        assets = await self.assets(family, environment)
        params: JsonObject = {
            "asset_ids": [asset.id for asset in assets],
            "target_image_id": await self.golden_id(family),
        }
        output = await self.output("compare_versions", params, environment=environment)
        return [row["asset_id"] for row in output["drifted"]]

    async def golden_id(self, family: str = "web-base") -> str:
        return (await self.output("get_golden_image", {"family": family}))["image"]["id"]

    async def plan(self, **choices: Any) -> JsonObject:
        """A plan for all drifted production web servers."""
        params: JsonObject = {
            "asset_ids": await self.drifted(),
            "target_image_id": await self.golden_id(),
            **choices,
        }
        return await self.output("generate_patch_plan", params)

    def grant(self, asset_ids: list[str], **changes: Any) -> ExecutionGrant:
        grant = ExecutionGrant(
            org=ORG,
            task_id="task-1",
            plan_digest="sha256:plan",
            policy_digest="sha256:policies",
            environment="production",
            phase="Canary: 1 of 9",
            tools=["execute_rollout_prod"],
            asset_ids=asset_ids,
            expires_at=NOW + timedelta(minutes=5),
            approvers=["U2"],
        )
        return sign_grant(grant.model_copy(update=changes), KEY)

    async def rollout(self, asset_ids: list[str], **changes: Any) -> ToolCall:
        """A granted production rollout of these assets."""
        params: JsonObject = {"asset_ids": asset_ids, "target_image_id": await self.golden_id()}
        call = self.call("execute_rollout_prod", params, grant=self.grant(asset_ids))
        return replace(call, **changes)

    async def break_ledger(self) -> None:
        """From now on nothing can be recorded."""
        await self.ledger.close()
        await self.database.close()


def without(chain: CallHandler, guard: type[Any]) -> CallHandler:
    """The same chain with one guard taken out. Raises `AssertionError` when it holds none of that type."""
    found, rebuilt = _strip(chain, guard)
    assert found, f"{guard.__name__} is not in the chain"
    return rebuilt


def _strip(link: Any, guard: type[Any]) -> tuple[bool, Any]:
    inner: CallHandler | ToolHandler | None = getattr(link, "inner", None)
    if inner is None:
        return False, link
    if isinstance(link, guard):
        return True, inner
    found, rebuilt = _strip(inner, guard)
    return found, replace(link, inner=rebuilt)
