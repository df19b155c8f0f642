"""JSON Schema on the way in and on the way out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from tools.base import Tool, ToolCall
from tools.contracts.common import JsonObject, canonical_json
from tools.guards.base import CallRefused, ToolGuard
from tools.registry import ToolRegistry

MAX_PARAMS_BYTES = 256_000
MAX_REPORTED = 5


class _Validator(Protocol):
    """The part of jsonschema's validator used here, fully typed."""

    def iter_errors(self, _instance: Any, /) -> Iterator[ValidationError]: ...


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
        problems = schema_problems(self.registry.input_schema(tool.name), call.params)
        if problems:
            raise CallRefused(
                "invalid_input",
                f"{tool.name} was not run; its parameters do not fit: {'; '.join(problems)}."
                f" Parameters: {', '.join(tool.input.model_fields)}.",
            )
        return await super().run(call, tool)


@dataclass(frozen=True)
class ValidOutput(ToolGuard):
    """A tool that answers in another shape than it declares has failed."""

    registry: ToolRegistry

    async def run(self, call: ToolCall, tool: Tool) -> JsonObject:
        output = await super().run(call, tool)
        problems = schema_problems(self.registry.output_schema(tool.name), output)
        if not problems:
            try:
                canonical_json(output)
            except (ValueError, TypeError) as error:
                problems = [f"it is no JSON: {error}"]
        if problems:
            raise CallRefused(
                "invalid_output",
                f"{tool.name} answered in a shape it does not declare: {'; '.join(problems)}."
                " The answer was discarded.",
            )
        return output


def _validator_of(schema: JsonObject) -> _Validator:
    return Draft202012Validator(schema)


def schema_problems(schema: JsonObject, value: object) -> list[str]:
    """What is wrong with a value, each `path: problem`; empty when it is valid."""
    errors = sorted(
        _validator_of(schema).iter_errors(value), key=lambda error: [str(part) for part in error.absolute_path]
    )
    problems = [_sentence(error) for error in errors[:MAX_REPORTED]]
    return problems if len(errors) <= MAX_REPORTED else [*problems, f"and {len(errors) - MAX_REPORTED} more"]


def _sentence(error: ValidationError) -> str:
    path = "/".join(str(part) for part in error.absolute_path)
    # The message quotes the value, which may be long and hostile: its start is enough to find it by.
    message = error.message if len(error.message) <= 160 else f"{error.message[:100]} … {error.message[-50:]}"
    return f"{path}: {message}" if path else message
