"""Receipts, checked: does a cited value stand where it is said to, and is every stated fact one of the cited values?

No model has a part in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from tools.contracts.common import JsonObject
from tools.contracts.plan import Receipt
from tools.tokens import facts_in, shown_by

Results = Mapping[str, JsonObject]
"""Tool call id → the output of a call that succeeded."""

Scalar = str | int | float | bool | None

_NAME_KEYS = frozenset({"asset_id", "control_id", "cve_id", "dr_pair_id", "image_id"})
_NAME_LISTS = frozenset(
    {"asset_ids", "affected_assets", "exempted_assets", "control_ids", "compliant_asset_ids", "not_comparable"}
    | {"not_watched_ids", "unknown_size_ids", "unknown_image_assets"}
)
_NOT_OURS = "server_data"
"""What an MCP server said: no name of the estate's is known by it, as none is by a line of a log."""
_ROWS_WITH_ID = frozenset({"assets", "images", "alerts", "pairs"})


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


def unshown(text: str, receipts: Iterable[Receipt], *, names: frozenset[str] = frozenset()) -> list[str]:
    """The facts that a text states and none of these receipts shows. See :func:`tools.tokens.facts_in`.

    Whether the receipts themselves hold is :func:`holds`'s to say.
    """
    shown: set[str] = set()
    for receipt in receipts:
        shown |= shown_by(receipt.value)
    return [fact for fact in facts_in(text, names) if fact not in shown]


def names_in(results: Results) -> frozenset[str]:
    """Names of assets, controls, images in the results, lower case: where a text says one, it states it."""
    return frozenset(name.lower() for output in results.values() for name in _names(output))


def cite(results: Results, call_id: str, path: str) -> Receipt | None:
    """A receipt for what is at a place, made by code; None when there is nothing."""
    for value in at_pointer(results.get(call_id), path):
        return Receipt(tool_call_id=call_id, path=path, value=value)
    return None


def find(results: Results, fact: str) -> Receipt | None:
    """A receipt for a fact (as :func:`tools.tokens.facts_in` gives it), wherever it is shown first; None: nowhere."""
    for call_id, output in results.items():
        for path, value in _scalars(output, ""):
            if fact in shown_by(value):
                return Receipt(tool_call_id=call_id, path=path, value=value)
    return None


def _names(output: JsonObject) -> Iterator[str]:
    """Walked with a stack: outputs of hundreds of assets pass here for every plan."""
    waiting: list[tuple[str, object]] = [("", output)]
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, dict):
            for inner, item in cast("dict[str, object]", value).items():
                if inner == _NOT_OURS:
                    continue
                if isinstance(item, str):
                    if inner in _NAME_KEYS or (key in _ROWS_WITH_ID and inner in {"id", "name"}):
                        yield item
                elif isinstance(item, (dict, list)):
                    waiting.append((inner, cast("object", item)))
        elif isinstance(value, list):
            for item in cast("list[object]", value):
                if isinstance(item, str):
                    if key in _NAME_LISTS:
                        yield item
                elif isinstance(item, (dict, list)):
                    waiting.append((key, cast("object", item)))


def _scalars(value: object, path: str) -> Iterator[tuple[str, Scalar]]:
    if isinstance(value, dict):
        for key, item in cast("dict[str, object]", value).items():
            yield from _scalars(item, f"{path}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[object]", value)):
            yield from _scalars(item, f"{path}/{index}")
    elif value is None or isinstance(value, (str, int, float, bool)):
        yield path, value
