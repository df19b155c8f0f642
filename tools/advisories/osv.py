"""An OSV record, as it comes from a stranger's file, becomes an :class:`Advisory` or a reason why it does not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from pydantic import ValidationError as PydanticError

from tools.advisories.osv_schema import OSV_SCHEMA
from tools.advisories.severity import CvssSystem, UnreadableVector, score_of
from tools.contracts.advisory import (
    Advisory,
    AffectedPackage,
    AffectedRange,
    RangeEvent,
    Rating,
    Reference,
    Score,
)
from tools.contracts.common import JsonObject

MAX_SUMMARY_CHARS = 400
MAX_DETAILS_CHARS = 6_000
MAX_REFERENCES = 40

_CVSS: Mapping[str, CvssSystem] = {"CVSS_V2": "CVSS_V2", "CVSS_V3": "CVSS_V3", "CVSS_V4": "CVSS_V4"}
_WORDS: Mapping[str, Rating] = {
    "negligible": "low",
    "low": "low",
    "moderate": "medium",
    "medium": "medium",
    "important": "high",
    "high": "high",
    "critical": "critical",
}
_DISTRIBUTION_CVE = re.compile(r"[A-Z]+-(CVE-[0-9]{4}-[0-9]{4,})")
"""`DEBIAN-CVE-2024-6387`, `UBUNTU-CVE-…`: the distribution's record of a CVE."""


class NotOsv(ValueError):
    """No OSV record. The message says where it is wrong, without quoting much of it."""


@dataclass(frozen=True)
class ReadRecord:
    advisory: Advisory
    unreadable_vectors: int
    """CVSS vectors that no library reads; the advisory is kept without them."""


class _Validator(Protocol):
    def iter_errors(self, _instance: JsonObject, /) -> Iterator[ValidationError]: ...


def _validator() -> _Validator:
    return Draft202012Validator(OSV_SCHEMA)


_RECORD = _validator()


def parse_json(raw: bytes) -> object:
    """Raises :class:`NotOsv` for what is no JSON (NaN is none), and for nesting or numbers no parser should follow."""
    try:
        return json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise NotOsv(f"no JSON ({str(error)[:120] or type(error).__name__})") from error


def read_record(value: object) -> ReadRecord:
    """Raises :class:`NotOsv`."""
    if not isinstance(value, dict):
        raise NotOsv("no JSON object")
    record = cast("JsonObject", value)
    try:
        error = next(iter(_RECORD.iter_errors(record)), None)
    except RecursionError as deep:
        raise NotOsv("nested too deeply") from deep
    if error is not None:
        raise NotOsv(_problem(error))
    vectors = _Vectors()
    try:
        advisory = _advisory(record, vectors)
        # A lone surrogate is a Python string and no text: it could be neither stored nor digested.
        advisory.model_dump_json().encode()
    except PydanticError as invalid:
        row = invalid.errors()[0]
        raise NotOsv(f"{'/'.join(map(str, row['loc']))}: {row['msg'][:160]}") from invalid
    except ValueError as invalid:
        raise NotOsv(str(invalid).splitlines()[0][:200]) from invalid
    return ReadRecord(advisory, vectors.unreadable)


@dataclass
class _Vectors:
    unreadable: int = 0

    def scores(self, severities: list[JsonObject]) -> list[Score]:
        found: list[Score] = []
        for severity in severities:
            system = _CVSS.get(severity["type"])
            if system is None:
                continue
            try:
                found.append(score_of(system, severity["score"]))
            except UnreadableVector:
                self.unreadable += 1
        return found


def _advisory(record: JsonObject, vectors: _Vectors) -> Advisory:
    return Advisory(
        id=record["id"],
        names=_names(record),
        summary=_line(record.get("summary", ""), MAX_SUMMARY_CHARS),
        details=_cut(record.get("details", ""), MAX_DETAILS_CHARS),
        published=_moment(record.get("published")),
        modified=datetime.fromisoformat(record["modified"]),
        withdrawn=_moment(record.get("withdrawn")),
        scores=vectors.scores(_rows(record, "severity")),
        given_rating=_given_rating(record),
        affected=[_affected(entry, vectors) for entry in _rows(record, "affected") if "package" in entry],
        references=[
            Reference(type=reference["type"][:32], url=reference["url"])
            for reference in _rows(record, "references")
            if reference["url"].startswith(("https://", "http://")) and len(reference["url"]) <= 500
        ][:MAX_REFERENCES],
    )


def _names(record: JsonObject) -> list[str]:
    names = {record["id"], *_texts(record, "aliases"), *_texts(record, "upstream")}
    return sorted(names | {found[1] for name in names if (found := _DISTRIBUTION_CVE.fullmatch(name))})


def _affected(entry: JsonObject, vectors: _Vectors) -> AffectedPackage:
    ranges = _rows(entry, "ranges")
    return AffectedPackage(
        ecosystem=entry["package"]["ecosystem"],
        name=entry["package"]["name"],
        ranges=[
            AffectedRange(
                type=timeline["type"],
                events=[
                    RangeEvent.model_validate({"kind": kind, "version": version})
                    for event in timeline["events"]
                    for kind, version in event.items()
                ],
            )
            for timeline in ranges
            if timeline["type"] != "GIT"
        ],
        versions=_texts(entry, "versions"),
        unreadable_ranges=sum(timeline["type"] == "GIT" for timeline in ranges),
        scores=vectors.scores(_rows(entry, "severity")),
    )


def _given_rating(record: JsonObject) -> Rating | None:
    """Ubuntu's priority, or what GitHub's database calls its severity."""
    for severity in _rows(record, "severity"):
        if severity["type"] == "Ubuntu":
            return _WORDS.get(str(severity["score"]).lower())
    specific: JsonObject | None = record.get("database_specific")
    own: object = (specific or {}).get("severity")
    return _WORDS.get(own.lower()) if isinstance(own, str) else None


def _rows(record: JsonObject, name: str) -> list[JsonObject]:
    found: list[JsonObject] | None = record.get(name)
    return found or []


def _texts(record: JsonObject, name: str) -> list[str]:
    found: list[str] | None = record.get(name)
    return found or []


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _line(text: str, at_most: int) -> str:
    return _cut(" ".join(text.split()), at_most)


def _cut(text: str, at_most: int) -> str:
    return text if len(text) <= at_most else f"{text[: at_most - 1]}…"


def _problem(error: ValidationError) -> str:
    path = "/".join(str(part) for part in error.absolute_path)
    return f"{path or 'record'}: {error.message[:160]}"


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")
