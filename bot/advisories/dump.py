"""Takes a dump apart, record by record: OSV's zip of JSON files, JSON lines, or one JSON document.

The file is a stranger's. Nothing of it is written to disk, and each bound is on what is really read, not on what
the archive says of itself.
"""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

from tools.advisories.osv import NotOsv, ReadRecord, parse_json, read_record

DumpFormat = Literal["zip", "json lines", "json"]


class UnreadableDump(Exception):
    """The file as a whole cannot be read, or not further. A sentence without what was or was not imported."""


@dataclass(frozen=True)
class DumpLimits:
    record_bytes: int = 16 * 1024 * 1024
    """Of one record, unpacked."""
    document_bytes: int = 64 * 1024 * 1024
    """Of a JSON file that is one document: it is read whole."""
    total_bytes: int = 16 * 1024 * 1024 * 1024
    """Of all records of a dump together, unpacked."""
    members: int = 2_000_000
    """Files in an archive."""


@dataclass(frozen=True)
class Problem:
    where: str
    """The member of the archive, or the line."""
    problem: str


Found = ReadRecord | Problem


def format_of(path: Path, limits: DumpLimits) -> DumpFormat:
    """Raises :class:`UnreadableDump`."""
    try:
        if zipfile.is_zipfile(path):
            return "zip"
        with path.open("rb") as file:
            first = _first_line(file, limits)
    except OSError as error:
        raise UnreadableDump(f"{path} could not be read ({error.strerror or error})") from error
    try:
        whole = isinstance(parse_json(first), dict)
    except NotOsv:
        return "json"
    return "json lines" if whole and _has_more(path, len(first)) else "json"


def records_of(path: Path, limits: DumpLimits) -> Iterator[Found]:
    """Each record or what is wrong with it, one at a time. Raises :class:`UnreadableDump`, also midway."""
    try:
        match format_of(path, limits):
            case "zip":
                yield from _members(path, limits)
            case "json lines":
                yield from _lines(path, limits)
            case "json":
                yield from _document(path, limits)
    except OSError as error:
        raise UnreadableDump(f"{path} could not be read ({error.strerror or error})") from error


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise UnreadableDump(f"{path} is a damaged zip file ({error})") from error


def _members(path: Path, limits: DumpLimits) -> Iterator[Found]:
    left = limits.total_bytes
    with _opened(path) as archive:
        members = [member for member in archive.infolist() if member.filename.lower().endswith(".json")]
        if len(members) > limits.members:
            raise UnreadableDump(f"{path} holds {len(members)} files; at most {limits.members} are read")
        if not members:
            raise UnreadableDump(f"{path} is a zip file without any .json file in it")
        for member in members:
            name = _shown(member.filename)
            # Encrypted, an unknown method, a wrong checksum: each ends one member, not the import.
            try:
                with archive.open(member) as file:
                    raw = file.read(min(limits.record_bytes, left) + 1)
            except (RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
                yield Problem(name, f"it could not be unpacked ({str(error)[:120] or type(error).__name__})")
                continue
            left -= len(raw)
            if left < 0:
                raise UnreadableDump(f"{path} unpacks to more than {limits.total_bytes} bytes")
            yield _found(name, raw, limits)


def _lines(path: Path, limits: DumpLimits) -> Iterator[Found]:
    left, number = limits.total_bytes, 0
    with path.open("rb") as file:
        while line := file.readline(limits.record_bytes + 1):
            number += 1
            left -= len(line)
            if line.strip():
                yield _found(f"line {number}", line, limits)
            while len(line) > limits.record_bytes and not line.endswith(b"\n"):
                line = file.readline(limits.record_bytes + 1)
                left -= len(line)
            if left < 0:
                raise UnreadableDump(f"{path} holds more than {limits.total_bytes} bytes")


def _document(path: Path, limits: DumpLimits) -> Iterator[Found]:
    with path.open("rb") as file:
        raw = file.read(limits.document_bytes + 1)
    if len(raw) > limits.document_bytes:
        raise UnreadableDump(
            f"{path} is one JSON document of more than {limits.document_bytes} bytes; give it as JSON lines or as a zip"
        )
    try:
        value = parse_json(raw)
    except NotOsv as error:
        raise UnreadableDump(f"{path} is neither a zip file nor JSON: {error}") from error
    for number, record in enumerate(_many(value), start=1):
        yield _judged(f"record {number}", record)


def _many(value: object) -> list[object]:
    """One record, a list of them, or the answer of OSV's API (`{"vulns": […]}`)."""
    if isinstance(value, dict):
        inner: object = cast("dict[str, object]", value).get("vulns")
        return cast("list[object]", inner) if isinstance(inner, list) else [cast("object", value)]
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _found(where: str, raw: bytes, limits: DumpLimits) -> Found:
    if len(raw) > limits.record_bytes:
        return Problem(where, f"it is larger than {limits.record_bytes} bytes")
    try:
        value = parse_json(raw)
    except NotOsv as error:
        return Problem(where, str(error))
    return _judged(where, value)


def _judged(where: str, value: object) -> Found:
    try:
        return read_record(value)
    except NotOsv as error:
        return Problem(where, str(error))


def _first_line(file: IO[bytes], limits: DumpLimits) -> bytes:
    while line := file.readline(limits.record_bytes + 1):
        if line.strip():
            return line
    return b""


def _has_more(path: Path, length: int) -> bool:
    """Whether more than the first line is there; a record that ends with its line is one document just as well."""
    with path.open("rb") as file:
        file.seek(length)
        return bool(file.read(1 << 16).strip())


def _shown(name: str) -> str:
    return json.dumps(name[:200])[1:-1]
