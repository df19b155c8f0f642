"""Finds everything in an output that states something: sentences, and rows of tables, each with its receipts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import BaseModel

from tools.contracts.outputs.report import Report
from tools.contracts.plan import Evidence, Plan, Receipt
from tools.contracts.rollout import RolloutPlan
from tools.contracts.sourced import SourcedRow
from tools.contracts.statement import Statement

Stated = str | int | float

OfCode = Mapping[type[BaseModel], frozenset[str]]
"""Model → its fields that state nothing of the estate."""


@dataclass(frozen=True)
class Place:
    """A sentence, or a row of a table."""

    where: str
    """`findings/0/statement`."""
    owner: BaseModel
    """What holds it."""
    receipts: list[Receipt]
    stated: list[Stated]


def places(output: Plan | Report, ours: OfCode) -> Iterator[Place]:
    """In document order. Of a plan: its statements and the rows that carry receipts; its other fields are typed, and
    other checks hold them against the estate. Of a report: everything, so that nothing is said without a receipt."""
    # No field that all plans share holds a sentence or a row with receipts.
    shared = next((kind for kind in (RolloutPlan, Plan) if isinstance(output, kind)), None)
    passed = _ELSEWHERE | shared.model_fields.keys() if shared is not None else _ELSEWHERE
    for name in type(output).model_fields:
        if name not in passed:
            yield from _walk(getattr(output, name), name, owner=output, ours=ours, strict=isinstance(output, Report))
    if isinstance(output, Report):
        yield Place("the report", output, [], _scalars(output, ours))


_ELSEWHERE = frozenset({"evidence", "missing", "receipts"})
"""Of the whole output: judged by checks of their own."""


def _walk(value: object, where: str, *, owner: BaseModel, ours: OfCode, strict: bool) -> Iterator[Place]:
    if isinstance(value, list):
        for index, item in enumerate(cast("list[object]", value)):
            yield from _walk(item, f"{where}/{index}", owner=owner, ours=ours, strict=strict)
    elif isinstance(value, Statement):
        yield Place(where, owner, value.receipts, [value.text])
    elif isinstance(value, SourcedRow):
        # Everything in it is a receipt of its own, nested rows too: there is nothing that none of them shows.
        yield Place(where, owner, value.receipts, [])
    elif isinstance(value, BaseModel) and not isinstance(value, (Receipt, Evidence)):
        receipts = receipts_of(value)
        if receipts is not None or strict:
            yield Place(where, owner, receipts or _statement_receipts(value), _scalars(value, ours))
        for name in type(value).model_fields:
            if name != "receipts":
                yield from _walk(getattr(value, name), f"{where}/{name}", owner=value, ours=ours, strict=strict)


def receipts_of(row: BaseModel) -> list[Receipt] | None:
    """A row's own receipts; None: it is no kind of row that has any."""
    found: object = getattr(row, "receipts", None)
    if not isinstance(found, list):
        return None
    return [item for item in cast("list[object]", found) if isinstance(item, Receipt)]


def _statement_receipts(row: BaseModel) -> list[Receipt]:
    """What backs the other fields of something that says its piece in sentences: the receipts of those."""
    return [
        receipt
        for name in type(row).model_fields
        if isinstance(value := getattr(row, name), Statement)
        for receipt in value.receipts
    ]


def _scalars(row: BaseModel, ours: OfCode) -> list[Stated]:
    """Fields that hold a value, or a list of values. Assets are held against the estate, and so are not here."""
    skipped = {"asset_ids", *_ELSEWHERE}.union(*(names for model, names in ours.items() if isinstance(row, model)))
    found: list[Stated] = []
    for name in type(row).model_fields:
        value: object = getattr(row, name)
        if name in skipped:
            continue
        items = cast("list[object]", value) if isinstance(value, list) else [value]
        for item in items:
            if isinstance(item, str) or (isinstance(item, (int, float)) and not isinstance(item, bool)):
                found.append(item)
    return found
