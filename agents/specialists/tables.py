"""Tables of a report, read from the tools' results by code: each row says where it stood."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeVar, cast

from agents.specialists.evidence import EvidenceBook
from tools.base import ToolResult
from tools.contracts.common import JsonObject
from tools.contracts.plan import Receipt
from tools.contracts.sourced import SourcedRow, read_row
from tools.contracts.statement import Statement

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@/+~-]{0,80}")

Row = TypeVar("Row", bound=SourcedRow)


def read_whole(book: EvidenceBook, tool: str, kind: type[Row]) -> list[Row]:
    """One row for each successful result of a tool: the whole output."""
    return [
        read_row(kind, result.output, tool_call_id=result.call.id, path="")
        for result in book.results
        if result.call.tool == tool and result.output is not None
    ]


def read_list(book: EvidenceBook, tool: str, kind: type[Row], *, name: str) -> list[Row]:
    """One row for each item of a list in each successful result of a tool, in order."""
    return [
        read_row(kind, item, tool_call_id=result.call.id, path=f"/{name}/{index}")
        for result in book.results
        if result.call.tool == tool and result.output is not None
        for index, item in enumerate(items_of(result.output, name))
    ]


def read_row_at(kind: type[Row], found: JsonObject, result: ToolResult, *, path: str) -> Row:
    """The object at one place of a result, as a row."""
    return read_row(kind, found, tool_call_id=result.call.id, path=path)


def items_of(output: JsonObject, name: str) -> list[JsonObject]:
    """The objects of a list in an output."""
    found: object = output.get(name)
    return [cast("JsonObject", item) for item in cast("list[object]", found)] if isinstance(found, list) else []


def read_to_the_end(book: EvidenceBook, tool: str) -> bool:
    """Whether every question that was put to a tool was followed to its last page; False when none was."""
    results = [result for result in book.succeeded if result.call.tool == tool]
    outputs = [(result.call.params, result.output or {}) for result in results]
    followed = {(_question(params), params.get("cursor")) for params, _ in outputs}
    return bool(outputs) and all(
        output.get("next_cursor") is None or (_question(params), output["next_cursor"]) in followed
        for params, output in outputs
    )


def _question(params: JsonObject) -> str:
    return repr(sorted((name, repr(value)) for name, value in params.items() if name != "cursor"))


def is_name(text: str) -> bool:
    """Whether a stranger's label is a name (a reference, a login, a package) rather than a sentence."""
    return _NAME.fullmatch(text) is not None


def stated(text: str, receipts: Iterable[Receipt]) -> Statement:
    """A sentence of code's, with what backs it."""
    return Statement(text=text[:400], receipts=list(receipts)[:40])
