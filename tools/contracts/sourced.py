"""Rows that a tool returned, as an output holds them: not retold, but copied, with the place they were copied from."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import isclass
from typing import Any, TypeVar, cast, get_args

from tools.contracts.common import Contract, JsonObject
from tools.contracts.plan import Receipt

Row = TypeVar("Row", bound="SourcedRow")

SOURCED_FIELDS = frozenset({"tool_call_id", "path"})
"""By which a row is known in a document."""


class SourcedRow(Contract):
    """Every field is the field of the same name of the object at `path` in the tool's output.

    So each has a receipt without anybody writing one, and the deterministic check compares all of them.
    """

    tool_call_id: str
    path: str
    """JSON Pointer (RFC 6901) to the object; empty: the whole output."""

    @property
    def receipts(self) -> list[Receipt]:
        """One for each value in the row, nested ones and those of lists too."""
        stated = self.model_dump(mode="json", exclude=set(SOURCED_FIELDS))
        return [
            Receipt(tool_call_id=self.tool_call_id, path=path, value=value)
            for path, value in _leaves(stated, self.path)
        ]

    def receipt(self, name: str) -> Receipt:
        """Of one field that is a single value."""
        value = self.model_dump(mode="json", include={name})[name]
        return Receipt(tool_call_id=self.tool_call_id, path=f"{self.path}/{name}", value=value)


def read_row(kind: type[Row], found: JsonObject, *, tool_call_id: str, path: str) -> Row:
    """The row from the object at `path`, without what the row has no field for. Raises `pydantic.ValidationError`."""
    return kind.model_validate({**_chosen(kind, found), "tool_call_id": tool_call_id, "path": path})


def _chosen(kind: type[Contract], found: JsonObject) -> JsonObject:
    names = kind.model_fields.keys() - (SOURCED_FIELDS if issubclass(kind, SourcedRow) else frozenset[str]())
    return {name: _inner(kind.model_fields[name].annotation, found[name]) for name in names if name in found}


def _inner(annotation: Any, value: object) -> object:
    nested = _contract_in(annotation)
    if nested is None:
        return value
    if isinstance(value, dict):
        return _chosen(nested, cast("JsonObject", value))
    if isinstance(value, list):
        return [_inner(annotation, item) for item in cast("list[object]", value)]
    return value


def _contract_in(annotation: Any) -> type[Contract] | None:
    """The contract that an annotation names: itself, in a list, or beside None."""
    if isclass(annotation) and issubclass(annotation, Contract):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _contract_in(inner)) is not None), None)


def _leaves(value: object, path: str) -> Iterator[tuple[str, str | int | float | bool | None]]:
    if isinstance(value, dict):
        for name, item in cast("JsonObject", value).items():
            yield from _leaves(item, f"{path}/{name}")
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[object]", value)):
            yield from _leaves(item, f"{path}/{index}")
    elif value is None or isinstance(value, (str, int, float)):
        yield path, value
