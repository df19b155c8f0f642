"""One JSON Schema, two validators: one in Rust says whether a value is valid; `jsonschema`, a hundred times slower,
says what is wrong with one that is not, or that is no JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from tools.contracts.common import JsonObject

MAX_REPORTED = 5


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
    path = "/".join(str(part) for part in error.absolute_path)
    # The message quotes the value, which may be long and hostile: its start is enough to find it by.
    message = error.message if len(error.message) <= 160 else f"{error.message[:100]} … {error.message[-50:]}"
    return f"{path}: {message}" if path else message
