"""`gavel cve import`: a dump into the store, batch by batch, with an account of every record."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

from bot.advisories.dump import DumpFormat, DumpLimits, Found, Problem, UnreadableDump, format_of, records_of
from bot.advisories.store import SqlAdvisories
from tools.advisories.versions import base_of
from tools.contracts.common import Contract

BATCH = 500
"""Records in one transaction."""
SHOWN_PROBLEMS = 20


class RecordProblem(Contract):
    where: str
    problem: str


class ImportReport(Contract):
    """What became of a dump. `records` is the sum of `added`, `updated`, `unchanged`, `older` and `failed`."""

    file: str
    format: DumpFormat
    records: int
    added: int
    updated: int
    unchanged: int
    older: int
    """A newer record of the same id was there already."""
    failed: int
    withdrawn: int
    """Of those read: they are kept, and are about nothing any more."""
    unreadable_vectors: int
    """CVSS vectors without a score; their advisories are kept."""
    ecosystems: dict[str, int]
    """Ecosystem, without its release → advisories read that are about it."""
    problems: list[RecordProblem]
    """The first of them."""
    stopped: str | None = None
    """Why the rest of the file was not read; None: all of it was."""

    @property
    def complete(self) -> bool:
        return self.failed == 0 and self.stopped is None


class _Account:
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.ecosystems: Counter[str] = Counter()
        self.problems: list[RecordProblem] = []

    def read(self, found: list[Found]) -> None:
        for item in found:
            self.counts["records"] += 1
            if isinstance(item, Problem):
                self.counts["failed"] += 1
                if len(self.problems) < SHOWN_PROBLEMS:
                    self.problems.append(RecordProblem(where=item.where, problem=item.problem))
                continue
            self.counts["withdrawn"] += item.advisory.withdrawn is not None
            self.counts["unreadable_vectors"] += item.unreadable_vectors
            self.ecosystems.update({base_of(affected.ecosystem) for affected in item.advisory.affected})

    def report(self, path: Path, kind: DumpFormat, *, stopped: str | None) -> ImportReport:
        return ImportReport(
            file=str(path),
            format=kind,
            **{
                name: self.counts[name]
                for name in (
                    "records",
                    "added",
                    "updated",
                    "unchanged",
                    "older",
                    "failed",
                    "withdrawn",
                    "unreadable_vectors",
                )
            },
            ecosystems=dict(sorted(self.ecosystems.items())),
            problems=self.problems,
            stopped=stopped,
        )


async def import_dump(
    store: SqlAdvisories, path: Path, *, at: datetime, limits: DumpLimits | None = None
) -> ImportReport:
    """Raises `UnreadableDump` for a file that is no dump, `EstateError` when the store cannot take it.

    A dump that turns out to be bad midway is reported as `stopped`: what was read before stays imported. The same
    dump again changes nothing.
    """
    limits = limits or DumpLimits()
    kind = await asyncio.to_thread(format_of, path, limits)
    account = _Account()
    records = records_of(path, limits)
    stopped: str | None = None
    while True:
        batch, stopped = await asyncio.to_thread(_next_batch, records)
        if stopped is not None and not batch and not account.counts["records"]:
            raise UnreadableDump(stopped)
        account.read(batch)
        fates = await store.put([item.advisory for item in batch if not isinstance(item, Problem)], at=at)
        account.counts.update(fates)
        if stopped is not None or len(batch) < BATCH:
            return account.report(path, kind, stopped=stopped)


def _next_batch(records: Iterator[Found]) -> tuple[list[Found], str | None]:
    """Reading, unpacking and validating are work for a thread. With the reason, when no more can be read."""
    batch: list[Found] = []
    try:
        for found in islice(records, BATCH):
            batch.append(found)
    except UnreadableDump as error:
        return batch, str(error)
    return batch, None
