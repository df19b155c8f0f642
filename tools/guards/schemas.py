"""JSON Schema on the way in and on the way out."""

from __future__ import annotations

from dataclasses import dataclass

from tools.base import Tool, ToolCall
from tools.contracts.common import JsonObject, canonical_json
from tools.guards.base import CallRefused, ToolGuard
from tools.registry import ToolRegistry

MAX_PARAMS_BYTES = 256_000


@dataclass(frozen=True)
class ValidInput(ToolGuard):
    """Parameters must satisfy the tool's schema as written, with nothing coerced.

    Policies judge the parameters as they stand in the call. A string that Pydantic would read as a number is
    another value in Rego, so it is refused here rather than read kindly later.
    """

    registry: ToolRegistry

    async def run(self, call: ToolCall, tool: Tool) -> JsonObject:
        try:
            size = len(canonical_json(call.params))
        except (ValueError, TypeError, RecursionError) as error:
            raise CallRefused("invalid_input", f"The parameters of {tool.name} are no JSON: {error}.") from error
        if size > MAX_PARAMS_BYTES:
            raise CallRefused(
                "invalid_input",
                f"The parameters of {tool.name} are {size} bytes; at most {MAX_PARAMS_BYTES}. Nothing was run.",
            )
        problems = self.registry.input_check(tool.name).problems(call.params)
        if problems:
            raise CallRefused(
                "invalid_input",
                f"{tool.name} was not run; its parameters do not fit: {'; '.join(problems)}."
                f" Parameters: {', '.join(self.registry.input_schema(tool.name).get('properties', {})) or 'none'}.",
            )
        return await super().run(call, tool)


@dataclass(frozen=True)
class ValidOutput(ToolGuard):
    """A tool that answers in another shape than it declares has failed."""

    registry: ToolRegistry

    async def run(self, call: ToolCall, tool: Tool) -> JsonObject:
        output = await super().run(call, tool)
        problems = self.registry.output_check(tool.name).problems(output)
        if problems:
            raise CallRefused(
                "invalid_output",
                f"{tool.name} answered in a shape it does not declare: {'; '.join(problems)}."
                " The answer was discarded.",
            )
        return output
