"""One JSON Schema, two validators: one in Rust says whether a value is valid; `jsonschema`, a hundred times slower,
says what is wrong with one that is not, or that is no JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from tools.contracts.common import JsonObject

MAX_REPORTED = 5

_PATTERN_BYTES = 400_000
"""Of one pattern, compiled: `^.{1,255}$` fits. It bounds the time that compiling one takes, to 2 ms."""
_STATES_BYTES = 1_000_000
"""For matching one."""


class Thorough(Protocol):
    """jsonschema's validator of one schema, as far as it is used."""

    def iter_errors(self, _instance: Any, /) -> Iterable[ValidationError]: ...


class TwoValidators:
    """Valid is what the quick one finds valid; what it does not, both are asked about, and either one's no counts."""

    def __init__(self, *, quick: jsonschema_rs.Draft202012Validator, thorough: Thorough) -> None:
        self._quick = quick
        self.thorough = thorough
        """jsonschema alone."""

    def iter_errors(self, instance: Any, /) -> Iterator[ValidationError]:
        try:
            if self._quick.is_valid(instance):
                return
            first = next(iter(self._quick.iter_errors(instance)), None)
        except ValueError:
            first = None  # what is no JSON is the other's to describe
        found = False
        for error in self.thorough.iter_errors(instance):
            found = True
            yield error
        if not found and first is not None:
            yield ValidationError(first.message, validator=str(first.kind.name), path=list(first.instance_path))


class ValueCheck(Protocol):
    """Holds values to one schema."""

    def problems(self, value: object) -> list[str]:
        """What is wrong with a value, each `path: problem`; empty when it is valid."""
        ...


class StrangersCheck:
    """Holds values to a schema that a stranger wrote, in time that grows with the value's length alone.

    Its patterns are matched by an engine that never goes back; jsonschema's, which can take for ever over a short text,
    is not asked. Raises `ValueError` for what is no schema, and for a pattern that this engine cannot match, or that is
    large when compiled. To make one holds up every thread of this process: bound how many patterns there are.
    """

    def __init__(self, schema: JsonObject) -> None:
        self.schema = schema
        """What values are held to."""
        self._validator = jsonschema_rs.Draft202012Validator(
            schema,
            validate_formats=False,
            pattern_options=jsonschema_rs.RegexOptions(size_limit=_PATTERN_BYTES, dfa_size_limit=_STATES_BYTES),
            offline=True,
        )

    def problems(self, value: object) -> list[str]:
        """As :meth:`ValueCheck.problems`."""
        try:
            if self._validator.is_valid(value):
                return []
            errors = islice(self._validator.iter_errors(value), MAX_REPORTED)
            found = [_said(error.message, list(error.instance_path)) for error in errors]
        except ValueError as error:
            return [_said(str(error), [])]
        return found or ["it does not fit the schema"]


class SchemaCheck:
    """What a value must be to the letter, Draft 2020-12. Formats are not checked. Made once for a schema."""

    def __init__(self, schema: JsonObject) -> None:
        self._validators = TwoValidators(
            quick=jsonschema_rs.Draft202012Validator(schema, validate_formats=False),
            thorough=_thorough(schema),
        )

    def problems(self, value: object) -> list[str]:
        """What is wrong with a value, each `path: problem`; empty when it is valid."""
        errors = sorted(
            self._validators.iter_errors(value), key=lambda error: [str(part) for part in error.absolute_path]
        )
        problems = [_sentence(error) for error in errors[:MAX_REPORTED]]
        return problems if len(errors) <= MAX_REPORTED else [*problems, f"and {len(errors) - MAX_REPORTED} more"]


def _thorough(schema: JsonObject) -> Thorough:
    return Draft202012Validator(schema)


def _sentence(error: ValidationError) -> str:
    return _said(error.message, list(error.absolute_path))


def _said(message: str, where: Sequence[int | str]) -> str:
    path = "/".join(str(part) for part in where)
    # The message quotes the value, which may be long and hostile: its start is enough to find it by.
    message = message if len(message) <= 160 else f"{message[:100]} … {message[-50:]}"
    return f"{path}: {message}" if path else message
