"""`gavel cve import`: dumps as OSV publishes them, and dumps as somebody hostile would write them."""

from __future__ import annotations

import io
import json
import os
import struct
import tracemalloc
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.advisories.dump import DumpLimits, UnreadableDump
from bot.advisories.importing import BATCH, ImportReport, import_dump
from bot.advisories.store import SqlAdvisories
from tests.unit.advisories.dumps import lines_of, osv, zip_of
from tools.contracts.common import JsonObject

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


async def imported(store: SqlAdvisories, path: Path, limits: DumpLimits | None = None) -> ImportReport:
    report = await import_dump(store, path, at=NOW, limits=limits)
    assert report.records == report.added + report.updated + report.unchanged + report.older + report.failed
    return report


async def test_a_zip_is_read_member_by_member(store: SqlAdvisories, tmp_path: Path) -> None:
    members: dict[str, JsonObject | str] = {f"GHSA-{number}.json": osv(number) for number in range(BATCH + 30)}
    members["README.md"] = "not a record"
    report = await imported(store, zip_of(tmp_path / "all.zip", members))
    assert report.complete
    assert (report.format, report.records, report.added) == ("zip", BATCH + 30, BATCH + 30)
    assert report.ecosystems == {"npm": BATCH + 30}
    again = await imported(store, tmp_path / "all.zip")
    assert (again.added, again.updated, again.unchanged) == (0, 0, BATCH + 30)


@pytest.mark.parametrize(
    ("text", "kind", "count"),
    [
        (json.dumps(osv(1)), "json", 1),
        (json.dumps(osv(1), indent=2), "json", 1),
        (json.dumps(osv(1)) + "\n\n", "json", 1),
        (json.dumps([osv(1), osv(2)]), "json", 2),
        (json.dumps({"vulns": [osv(1), osv(2), osv(3)]}), "json", 3),
        (f"{json.dumps(osv(1))}\n\n{json.dumps(osv(2))}\n", "json lines", 2),
        (f"\n{json.dumps(osv(1))}\r\n{json.dumps(osv(2))}", "json lines", 2),
    ],
)
async def test_json_in_each_of_its_forms(
    store: SqlAdvisories, tmp_path: Path, text: str, kind: str, count: int
) -> None:
    path = tmp_path / "osv.json"
    path.write_text(text, newline="")
    report = await imported(store, path)
    assert (report.format, report.added, report.complete) == (kind, count, True)


async def test_a_bad_record_is_counted_named_and_left_out(store: SqlAdvisories, tmp_path: Path) -> None:
    path = lines_of(tmp_path / "osv.jsonl", osv(1), '{"id": ', osv(2, modified="then"), "[1]", osv(3))
    report = await imported(store, path)
    assert (report.records, report.added, report.failed, report.complete) == (5, 2, 3, False)
    assert [item.where for item in report.problems] == ["line 2", "line 3", "line 4"]
    assert report.problems[1].problem.startswith("modified:")


async def test_only_the_first_problems_are_told_and_all_are_counted(store: SqlAdvisories, tmp_path: Path) -> None:
    report = await imported(store, lines_of(tmp_path / "osv.jsonl", osv(1), *["{}"] * 300))
    assert report.failed == 300
    assert len(report.problems) == 20


async def test_withdrawn_records_and_unreadable_vectors_are_counted(store: SqlAdvisories, tmp_path: Path) -> None:
    bad = [{"type": "CVSS_V3", "score": "high"}]
    path = lines_of(tmp_path / "o.jsonl", osv(1, withdrawn="2026-02-01T00:00:00Z"), osv(2, severity=bad), osv(3))
    report = await imported(store, path)
    assert (report.withdrawn, report.unreadable_vectors, report.complete) == (1, 1, True)


async def test_a_members_path_writes_nothing(store: SqlAdvisories, tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    members: dict[str, JsonObject] = {"../escaped.json": osv(1), "/absolute.json": osv(2), "a/b\nc.json": osv(3)}
    report = await imported(store, zip_of(inside / "all.zip", members))
    assert report.added == 3
    written = {name for _, _, names in os.walk(tmp_path) for name in names}
    assert written <= {"all.zip", "gavel.db", "gavel.db-wal", "gavel.db-shm"}


async def test_a_member_that_unpacks_to_more_than_a_record_is_refused_without_being_held(
    store: SqlAdvisories, tmp_path: Path
) -> None:
    bomb = b'{"id": "' + b"A" * 300_000_000 + b'"}'
    path = zip_of(tmp_path / "bomb.zip", {"bomb.json": bomb, "good.json": osv(1)})
    assert path.stat().st_size < 1_000_000
    del bomb
    tracemalloc.start()
    report = await imported(store, path, DumpLimits(record_bytes=1_000_000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30_000_000
    assert (report.added, report.failed) == (1, 1)
    assert "larger than 1000000 bytes" in report.problems[0].problem


async def test_an_archive_that_unpacks_to_too_much_in_all_stops_and_says_so(
    store: SqlAdvisories, tmp_path: Path
) -> None:
    members: dict[str, JsonObject] = {f"{number}.json": osv(number, details="x" * 50_000) for number in range(20)}
    path = zip_of(tmp_path / "all.zip", members)
    report = await imported(store, path, DumpLimits(total_bytes=400_000))
    assert report.stopped is not None
    assert "unpacks to more than 400000 bytes" in report.stopped
    assert 0 < report.added < 20
    assert len(await store.about([("npm", f"left-{number}") for number in range(20)])) == report.added


async def test_an_archive_of_too_many_members_is_refused(store: SqlAdvisories, tmp_path: Path) -> None:
    path = zip_of(tmp_path / "all.zip", {f"{number}.json": osv(number) for number in range(11)})
    with pytest.raises(UnreadableDump, match="holds 11 files"):
        await imported(store, path, DumpLimits(members=10))
    assert await store.about([("npm", "left-1")]) == []


async def test_a_damaged_or_encrypted_member_ends_itself_and_not_the_import(
    store: SqlAdvisories, tmp_path: Path
) -> None:
    members = {"a.json": osv(1), "b.json": osv(2), "c.json": osv(3), "d.json": osv(4)}
    raw = bytearray(zip_of(tmp_path / "whole.zip", members).read_bytes())
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        offsets = [info.header_offset for info in archive.infolist()]
    raw[offsets[1] + 40 : offsets[1] + 60] = b"\0" * 20  # its compressed bytes
    central = [index for index in range(len(raw)) if raw.startswith(b"PK\x01\x02", index)]
    raw[central[2] + 8] |= 1  # the flag that says: encrypted
    raw[offsets[2] + 6] |= 1
    struct.pack_into("<H", raw, central[3] + 10, 97)  # a method nobody has here
    path = tmp_path / "damaged.zip"
    path.write_bytes(raw)
    report = await imported(store, path)
    assert (report.added, report.failed) == (1, 3)
    assert [item.where for item in report.problems] == ["b.json", "c.json", "d.json"]


async def test_a_line_without_end_is_one_problem_and_the_next_line_is_read(
    store: SqlAdvisories, tmp_path: Path
) -> None:
    path = lines_of(tmp_path / "osv.jsonl", osv(1), '{"id": "' + "A" * 50_000 + '"}', osv(2))
    report = await imported(store, path, DumpLimits(record_bytes=10_000))
    assert (report.records, report.added, report.failed) == (3, 2, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "neither a zip file nor JSON"),
        (b"PK\x03\x04 not really", "neither a zip file nor JSON"),
        (b"\x1f\x8b\x08 a gzip", "neither a zip file nor JSON"),
        (b"[" * 200_000, "neither a zip file nor JSON"),
        (b"<html>", "neither a zip file nor JSON"),
    ],
)
async def test_a_file_that_is_no_dump_is_refused(
    store: SqlAdvisories, tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(UnreadableDump, match=said):
        await imported(store, path)


async def test_a_zip_without_records_and_a_file_that_is_not_there_are_refused(
    store: SqlAdvisories, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableDump, match=r"without any \.json file"):
        await imported(store, zip_of(tmp_path / "empty.zip", {"a.txt": "x"}))
    with pytest.raises(UnreadableDump, match="could not be read"):
        await imported(store, tmp_path / "nowhere.zip")
    with pytest.raises(UnreadableDump, match="could not be read"):
        await imported(store, tmp_path)


async def test_a_document_too_long_to_read_whole_is_refused_with_what_to_give_instead(
    store: SqlAdvisories, tmp_path: Path
) -> None:
    path = tmp_path / "osv.json"
    path.write_text(json.dumps([osv(number) for number in range(100)]))
    with pytest.raises(UnreadableDump, match="JSON lines or as a zip"):
        await imported(store, path, DumpLimits(document_bytes=10_000))


async def test_one_json_value_that_is_no_record_is_a_problem_of_it(store: SqlAdvisories, tmp_path: Path) -> None:
    path = tmp_path / "osv.json"
    path.write_text('"CVE-2026-1"')
    report = await imported(store, path)
    assert (report.records, report.failed, report.complete) == (1, 1, False)
