"""The dispatcher of a case, and what went through it."""

from __future__ import annotations

from dataclasses import dataclass, field

from agents.specialists.base import Dispatches
from policies.engine import is_list, is_object
from tools.base import ToolCall, ToolResult
from tools.contracts.common import JsonObject
from tools.receipts import at_pointer


@dataclass
class Desk:
    """Passes every call on, and keeps its result."""

    inner: Dispatches
    results: list[ToolResult] = field(default_factory=list[ToolResult])

    async def dispatch(self, call: ToolCall) -> ToolResult:
        result = await self.inner.dispatch(call)
        self.results.append(result)
        return result

    @property
    def tools(self) -> set[str]:
        return {result.call.tool for result in self.results}

    @property
    def outputs(self) -> dict[str, JsonObject]:
        """Call id → what the tool answered."""
        return {result.call.id: result.output for result in self.results if result.output is not None}

    def holds(self, receipt: JsonObject) -> bool:
        """Whether the value stands where the receipt says: computed here, whatever the agent's own check said."""
        found = at_pointer(self.outputs.get(str(receipt["tool_call_id"])), str(receipt["path"]))
        value = receipt["value"]
        return any(item == value and isinstance(item, bool) == isinstance(value, bool) for item in found)

    def wrong_evidence(self, output: JsonObject) -> list[str]:
        """Ids that an output cites as evidence, and that are of no call of this case or of another result."""
        digests = {result.call.id: result.digest for result in self.results}
        cited = output.get("evidence")
        rows = [row for row in cited if is_object(row)] if is_list(cited) else []
        return [
            str(row.get("tool_call_id"))
            for row in rows
            if digests.get(str(row.get("tool_call_id"))) != row.get("result_digest")
        ]
