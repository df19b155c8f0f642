"""Receipts, checked: does a cited value stand where it is said to? No model has a part in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from tools.contracts.common import JsonObject
from tools.contracts.plan import Receipt

Results = Mapping[str, JsonObject]
"""Tool call id → the output of a call that succeeded."""

Scalar = str | int | float | bool | None


def at_pointer(document: object, pointer: str) -> list[Scalar]:
    """What a JSON Pointer (RFC 6901) cites, in a list of one; empty when there is nothing there.

    A pointer to an array cites how many items it has: that is how a count is shown.
    """
    if pointer and not pointer.startswith("/"):
        return []
    value = document
    for raw in pointer.split("/")[1:]:
        step = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            mapping = cast("dict[str, object]", value)
            if step not in mapping:
                return []
            value = mapping[step]
        elif isinstance(value, list):
            items = cast("list[object]", value)
            if not (step.isascii() and step.isdigit()) or int(step) >= len(items):
                return []
            value = items[int(step)]
        else:
            return []
    if isinstance(value, list):
        return [len(cast("list[object]", value))]
    return [value] if value is None or isinstance(value, (str, int, float, bool)) else []


def holds(receipt: Receipt, results: Results) -> bool:
    """Whether the cited value is what the tool returned there."""
    output = results.get(receipt.tool_call_id)
    if output is None:
        return False
    # `True == 1` in Python; a receipt that cites 1 for true is wrong.
    return any(
        value == receipt.value and isinstance(value, bool) == isinstance(receipt.value, bool)
        for value in at_pointer(output, receipt.path)
    )
