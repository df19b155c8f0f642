"""The innermost links: a tool's time limit, and the tool itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError

from tools.base import PlanStore, Tool, ToolCall, ToolContext, ToolError
from tools.connectors.advisories import AdvisorySource, NoAdvisories
from tools.connectors.base import Estate, EstateError
from tools.contracts.common import JsonObject
from tools.guards.base import CallRefused, ToolGuard, changes_state

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WithinTime(ToolGuard):
    async def run(self, call: ToolCall, tool: Tool) -> JsonObject:
        try:
            async with asyncio.timeout(tool.timeout_seconds):
                return await super().run(call, tool)
        except TimeoutError as error:
            after = (
                "It may have changed some assets: the same call again completes it and repeats nothing."
                if changes_state(tool)
                else "There is no answer."
            )
            raise CallRefused("timeout", f"{tool.name} took over {tool.timeout_seconds:g} s. {after}") from error


@dataclass(frozen=True)
class RunTool:
    """Runs the tool. An error is an error: it never becomes an empty result."""

    estate: Estate
    plans: PlanStore
    now: Callable[[], datetime]
    advisories: AdvisorySource = field(default_factory=NoAdvisories)

    async def run(self, call: ToolCall, tool: Tool) -> JsonObject:
        try:
            given = tool.input.model_validate(call.params)
        except ValidationError as error:
            problems = "; ".join(f"{'/'.join(map(str, row['loc']))}: {row['msg']}" for row in error.errors()[:5])
            raise CallRefused("invalid_input", f"{tool.name} was not run; its parameters: {problems}.") from error
        context = ToolContext(
            caller=call.caller,
            task_id=call.task_id,
            call_id=call.id,
            estate=self.estate,
            advisories=self.advisories,
            plans=self.plans,
            now=self.now,
        )
        try:
            output = await tool.run(given, context)
            return output.model_dump(mode="json")
        except (ToolError, EstateError) as error:
            raise CallRefused("tool_error", f"{tool.name}: {error}") from error
        except Exception as error:
            # The model is told that it failed; the traceback is for whoever runs Gavel.
            log.exception("tool %s failed in task %s", tool.name, call.task_id)
            raise CallRefused("tool_error", f"{tool.name} failed: {type(error).__name__}: {error}") from error
