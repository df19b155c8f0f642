"""How many calls a task may make: a model that loops is stopped by a count, not by hope."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tools.base import ToolCall
from tools.contracts.common import JsonObject
from tools.guards.base import CallGuard, CallRefused
from tools.guards.shapes import printable

DEFAULT_MAX_CALLS = 60


@dataclass
class CallBudget:
    """Made once for an investigation or an execution; counts each task's calls, refused ones too."""

    max_calls: int = DEFAULT_MAX_CALLS
    """Calls per task, at least 1."""
    spent: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """(org, task id) → calls made."""

    def spend(self, org: str, task_id: str) -> bool:
        """Counts one call; False when there was none left."""
        self.spent[org, task_id] += 1
        return self.spent[org, task_id] <= self.max_calls


@dataclass(frozen=True)
class WithinBudget(CallGuard):
    budget: CallBudget

    async def handle(self, call: ToolCall) -> JsonObject:
        if not self.budget.spend(call.caller.org, call.task_id):
            raise CallRefused(
                "budget",
                f"{printable(call.tool, at_most=64)} was not run: this task has made its {self.budget.max_calls} tool"
                " calls. Answer from the results you have.",
            )
        return await super().handle(call)
