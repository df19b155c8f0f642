"""What a guard is. Two links, because some checks come before the tool is known, and most after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tools.base import FailureKind, Tool, ToolCall, ToolFailure
from tools.contracts.common import JsonObject


class CallRefused(Exception):
    """A guard's no. Becomes the :class:`ToolResult`'s failure."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.failure = ToolFailure(kind=kind, message=message)


class CallHandler(Protocol):
    async def handle(self, call: ToolCall) -> JsonObject:
        """The tool's output. Raises :class:`CallRefused`."""
        ...


class ToolHandler(Protocol):
    async def run(self, call: ToolCall, tool: Tool) -> JsonObject:
        """The tool's output. Raises :class:`CallRefused`."""
        ...


@dataclass(frozen=True)
class CallGuard:
    """A link before the tool is known. Subclasses override :meth:`handle` and call `super()`."""

    inner: CallHandler

    async def handle(self, call: ToolCall) -> JsonObject:
        return await self.inner.handle(call)


@dataclass(frozen=True)
class ToolGuard:
    """A link once the tool is known. Subclasses override :meth:`run` and call `super()`."""

    inner: ToolHandler

    async def run(self, call: ToolCall, tool: Tool) -> JsonObject:
        return await self.inner.run(call, tool)


def changes_state(tool: Tool) -> bool:
    return tool.risk in ("state_change_nonprod", "state_change_prod")
