"""An org's ledger as JSON lines, and the check of such a file without any database.

Lines: one `header` (org, time, anchor), every `entry` in order, every `artifact`, one `footer` (counts, head, MAC over
all of header and footer). A file without its footer was cut.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

from bot.ledger import reader
from bot.ledger.anchor import Anchor, AnchorError
from bot.ledger.artifacts import StoredArtifact, is_authentic
from bot.ledger.bodies import references
from bot.ledger.chain import ChainWalk, Entry, Fault, Head, anchor_mac, keyed_mac, same
from bot.ledger.database import Database
from bot.ledger.verify import Verification
from bot.redaction import is_object
from tools.contracts.common import JsonObject, canonical_json

FORMAT = "gavel-ledger-1"
Record = TypeVar("Record", Entry, StoredArtifact)


async def export_lines(
    database: Database, anchor: Anchor, org: str, *, key: bytes, fmt: Literal["jsonl"], at: str
) -> AsyncIterator[str]:
    """Lines without their line ends. A ledger that is not whole is exported as it is: the check will say so."""
    header: JsonObject = {"line": "header", "format": FORMAT, "fmt": fmt, "org": org, "exported_at": at}
    try:
        head = await anchor.read(org)
    except AnchorError as error:
        header |= {"anchor": None, "anchor_problem": str(error)}
    else:
        header |= {
            "anchor": None if head is None else {**asdict(head), "mac": anchor_mac(org, head, key=key)},
            "anchor_problem": None,
        }
    yield _line(header)
    last = Head(0, "")
    entries = artifacts = 0
    async for page in reader.chain_pages(database, org):
        for entry in page:
            entries += 1
            last = Head(entry.seq, entry.hash)
            yield _line({"line": "entry", **asdict(entry)})
    async for kept in reader.artifact_pages(database, org):
        for artifact in kept:
            artifacts += 1
            yield _line({"line": "artifact", **asdict(artifact)})
    footer: JsonObject = {"line": "footer", "entries": entries, "artifacts": artifacts, "head": asdict(last)}
    yield _line({**footer, "mac": _export_mac(header, footer, key=key)})


async def write_export(lines: AsyncIterator[str], path: Path) -> int:
    """Write the lines to a new file that appears whole or not at all. Returns how many. Raises `OSError`."""
    descriptor, temporary = await asyncio.to_thread(tempfile.mkstemp, prefix=f".{path.name}.", dir=path.parent)
    written = 0
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            batch: list[str] = []
            async for line in lines:
                written += 1
                batch.append(f"{line}\n")
                if len(batch) >= reader.PAGE:
                    await asyncio.to_thread(file.writelines, batch)
                    batch = []
            await asyncio.to_thread(file.writelines, batch)
        await asyncio.to_thread(Path(temporary).replace, path)
    except BaseException:
        await asyncio.to_thread(Path(temporary).unlink, missing_ok=True)
        raise
    return written


def verify_export(path: Path, *, key: bytes) -> Verification:
    """Check a file that `export_lines` made, reading it line by line. Blocking. Raises `OSError`."""
    with path.open(encoding="utf-8", errors="strict") as file:
        check = _ExportCheck(key=key)
        fault: Fault | None = None
        try:
            for number, line in enumerate(file, start=1):
                fault = check.feed(line, number)
                if fault is not None:
                    break
        except UnicodeDecodeError:
            fault = check.fault("The export is not UTF-8 text any more.")
        return check.report(fault or check.end())


@dataclass(frozen=True)
class _Opened:
    """The header, once it is read."""

    header: JsonObject
    org: str
    anchor: Head | None
    anchor_mac: str
    walk: ChainWalk


class _ExportCheck:
    def __init__(self, *, key: bytes) -> None:
        self._key = key
        self._opened: _Opened | None = None
        self._artifacts = 0
        self._cited: dict[str, int] = {}
        self._kept: set[str] = set()
        self._closed = False

    def fault(self, problem: str) -> Fault:
        return Fault(0 if self._opened is None else self._opened.walk.head.seq + 1, problem)

    def feed(self, line: str, number: int) -> Fault | None:
        value = _parse(line)
        if value is None or self._closed:
            return self.fault(f"Line {number} does not belong in an export.")
        kind = value.pop("line", None)
        if kind == "header" and self._opened is None:
            return self._open(value)
        opened = self._opened
        if opened is None:
            return self.fault("The export does not begin with its header.")
        if kind == "entry":
            return self._entry(opened, value, number)
        if kind == "artifact":
            return self._artifact(opened, value, number)
        if kind == "footer":
            return self._close(opened, value)
        return self.fault(f"Line {number} does not belong in an export.")

    def end(self) -> Fault | None:
        if not self._closed or self._opened is None:
            return self.fault("The export was cut: it has no footer.")
        return None

    def report(self, fault: Fault | None) -> Verification:
        opened = self._opened
        return Verification(
            org="" if opened is None else opened.org,
            ok=fault is None,
            entries=0 if opened is None else opened.walk.head.seq,
            artifacts=self._artifacts,
            first_bad_seq=None if fault is None else fault.seq,
            problem=None if fault is None else fault.problem,
            anchored_seq=None if opened is None or opened.anchor is None else opened.anchor.seq,
        )

    def _open(self, value: JsonObject) -> Fault | None:
        org = value.get("org")
        if value.get("format") != FORMAT or not isinstance(org, str):
            return self.fault(f"The export is of another format than {FORMAT}.")
        anchored = _head(value.get("anchor"))
        mac = value["anchor"].get("mac") if anchored is not None else ""
        walk = ChainWalk(org, key=self._key, anchor=anchored)
        self._opened = _Opened({"line": "header", **value}, org, anchored, str(mac), walk)
        if anchored is not None and not same(str(mac), anchor_mac(org, anchored, key=self._key)):
            return self.fault("The export's anchor was edited, or this is not the key of the ledger.")
        return walk.start()

    def _entry(self, opened: _Opened, value: JsonObject, number: int) -> Fault | None:
        entry = _record(Entry, value)
        if entry is None:
            return self.fault(f"Line {number} is not an entry any more.")
        fault = opened.walk.step(entry)
        if fault is None:
            for digest in references(entry.body):
                self._cited.setdefault(digest, entry.seq)
        return fault

    def _artifact(self, opened: _Opened, value: JsonObject, number: int) -> Fault | None:
        artifact = _record(StoredArtifact, value)
        if artifact is None or artifact.org != opened.org or not is_authentic(artifact, key=self._key):
            return self.fault(f"The artifact in line {number} was changed.")
        self._artifacts += 1
        self._kept.add(artifact.digest)
        return None

    def _close(self, opened: _Opened, value: JsonObject) -> Fault | None:
        self._closed = True
        mac = str(value.pop("mac", ""))
        footer: JsonObject = {"line": "footer", **value}
        if not same(mac, _export_mac(opened.header, footer, key=self._key)):
            return self.fault("The export's header or footer was edited, or this is not the key of the ledger.")
        fault = opened.walk.end()
        if fault is not None:
            return fault
        if value.get("entries") != opened.walk.head.seq or value.get("artifacts") != self._artifacts:
            return self.fault(
                f"The export says it holds {value.get('entries')} entries and {value.get('artifacts')} artifacts, "
                f"but {opened.walk.head.seq} and {self._artifacts} are there: lines were removed."
            )
        problem = opened.header.get("anchor_problem")
        if problem is not None:
            return self.fault(f"When it was exported: {problem}")
        if opened.anchor is None and opened.walk.head.seq > 0:
            return Fault(1, "When it was exported, the ledger's anchor was gone: a cut tail would not show.")
        for digest, seq in self._cited.items():
            if digest not in self._kept:
                return Fault(seq, f"Entry {seq} cites {digest}, which is not in the export.")
        return None


def _export_mac(header: JsonObject, footer: JsonObject, *, key: bytes) -> str:
    return keyed_mac("gavel.ledger.export.1", {"header": header, "footer": footer}, key=key)


def _line(value: JsonObject) -> str:
    # ASCII only: some tools split lines at U+2028 and friends.
    return json.dumps(json.loads(canonical_json(value)), sort_keys=True, separators=(",", ":"))


def _parse(line: str) -> JsonObject | None:
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if is_object(value) else None


def _head(value: Any) -> Head | None:
    if not is_object(value):
        return None
    seq, digest = value.get("seq"), value.get("hash")
    return Head(seq, digest) if isinstance(seq, int) and isinstance(digest, str) else None


def _record(shape: type[Record], value: JsonObject) -> Record | None:
    names = {column.name for column in fields(shape)}
    if set(value) != names:
        return None
    right = all(isinstance(inner, int if name == "seq" else str) for name, inner in value.items())
    return shape(**value) if right else None
