"""OSV records come from strangers: read, or refused with where they are wrong."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.advisories.osv import NotOsv, parse_json, read_record
from tools.contracts.advisory import AffectedRange, RangeEvent
from tools.contracts.common import JsonObject

RECORD: JsonObject = {
    "schema_version": "1.7.0",
    "id": "UBUNTU-CVE-2024-6119",
    "upstream": ["CVE-2024-6119"],
    "aliases": [],
    "related": ["USN-6986-1"],
    "details": "Applications performing certificate name checks may read an invalid memory address.",
    "severity": [
        {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"},
        {"type": "Ubuntu", "score": "medium"},
    ],
    "published": "2024-09-03T00:00:00Z",
    "modified": "2025-11-27T05:10:23.123456789Z",
    "affected": [
        {
            "package": {"ecosystem": "Ubuntu:24.04:LTS", "name": "openssl", "purl": "pkg:deb/ubuntu/openssl"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.0.13-0ubuntu3.4"}]}],
            "versions": ["3.0.13-0ubuntu3"],
            "ecosystem_specific": {"binaries": [{"binary_name": "openssl"}]},
        },
        {"ranges": [{"type": "GIT", "repo": "https://example.com", "events": [{"introduced": "0"}]}]},
    ],
    "references": [{"type": "REPORT", "url": "https://ubuntu.com/security/CVE-2024-6119"}],
    "a_field_of_a_later_version": {"deep": [1, 2, 3]},
}


def changed(**fields: Any) -> JsonObject:
    return {**RECORD, **fields}


def test_a_record_keeps_what_judging_needs() -> None:
    advisory = read_record(RECORD).advisory
    assert advisory.names == ["CVE-2024-6119", "UBUNTU-CVE-2024-6119"]
    assert advisory.cve == "CVE-2024-6119"
    assert [score.score for score in advisory.scores] == [7.5]
    assert advisory.given_rating == "medium"
    assert advisory.modified.isoformat() == "2025-11-27T05:10:23.123456+00:00"
    (package,) = advisory.affected
    assert (package.ecosystem, package.name, package.versions) == ("Ubuntu:24.04:LTS", "openssl", ["3.0.13-0ubuntu3"])
    events = [RangeEvent(kind="introduced", version="0"), RangeEvent(kind="fixed", version="3.0.13-0ubuntu3.4")]
    assert package.ranges == [AffectedRange(type="ECOSYSTEM", events=events)]


def test_what_is_related_is_no_name_of_it() -> None:
    assert "USN-6986-1" not in read_record(RECORD).advisory.names


def test_a_vector_that_nothing_reads_is_left_out_and_counted() -> None:
    record = changed(severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:?"}, {"type": "Other", "score": "9"}])
    found = read_record(record)
    assert found.unreadable_vectors == 1
    assert found.advisory.scores == []


def test_githubs_word_is_a_rating() -> None:
    record = changed(severity=[], database_specific={"severity": "MODERATE"})
    assert read_record(record).advisory.given_rating == "medium"
    assert read_record(changed(severity=[], database_specific={"severity": 7})).advisory.given_rating is None


def test_text_is_cut_and_only_web_addresses_are_kept() -> None:
    record = changed(
        summary="a\n" * 5000,
        details="x" * 1_000_000,
        references=[
            {"type": "WEB", "url": url} for url in ("javascript:alert(1)", "file:///etc/passwd", "https://a.b")
        ],
    )
    advisory = read_record(record).advisory
    assert len(advisory.summary) == 400
    assert "\n" not in advisory.summary
    assert len(advisory.details) == 6000
    assert [reference.url for reference in advisory.references] == ["https://a.b"]


@pytest.mark.parametrize(
    ("record", "where"),
    [
        ([], "no JSON object"),
        ("CVE-2024-1", "no JSON object"),
        ({}, "'id' is a required property"),
        ({"id": "CVE-2024-1"}, "'modified' is a required property"),
        (changed(id="../../etc/passwd"), "id:"),
        (changed(id="CVE 1"), "id:"),
        (changed(id="CVE-1\n"), "id:"),
        (changed(modified="2024-01-01T00:00:00Z\n"), "modified:"),
        (changed(id="X" * 500), "id:"),
        (changed(modified="yesterday"), "modified:"),
        (changed(modified="2024-13-41T00:00:00Z"), "month"),
        (changed(modified="2024-01-01T00:00:00"), "modified:"),
        (changed(schema_version="2.0.0"), "schema_version:"),
        (changed(affected={"package": "x"}), "affected:"),
        (changed(affected=[{"package": {"ecosystem": "npm"}}]), "affected/0/package:"),
        (changed(affected=[{"package": {"ecosystem": "npm", "name": "n" * 400}}]), "affected/0/package/name:"),
        (changed(affected=[{"ranges": [{"type": "SEMVER", "events": []}]}]), "affected/0/ranges/0/events:"),
        (
            changed(affected=[{"ranges": [{"type": "SEMVER", "events": [{"introduced": "1", "fixed": "2"}]}]}]),
            "affected/0/ranges/0/events",
        ),
        (
            changed(affected=[{"ranges": [{"type": "SEMVER", "events": [{"fixed": "2"}]}]}]),
            "affected/0/ranges/0/events",
        ),
        (
            changed(affected=[{"ranges": [{"type": "MAGIC", "events": [{"introduced": "0"}]}]}]),
            "affected/0/ranges/0/type:",
        ),
        (changed(affected=[{}] * 5001), "affected:"),
        (changed(affected=[{"package": {"ecosystem": "npm", "name": "x"}, "versions": ["1\x00"]}]), "versions/0"),
        (changed(affected=[{"package": {"ecosystem": "npm", "name": "x"}, "versions": [1]}]), "versions/0"),
        (changed(affected=[{"package": {"ecosystem": "npm", "name": "x\n"}}]), "affected/0/package/name"),
        (changed(details="\ud800"), "surrogate"),
    ],
)
def test_what_is_no_record_is_refused_with_where_it_is_wrong(record: object, where: str) -> None:
    with pytest.raises(NotOsv) as refused:
        read_record(record)
    assert where in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b'{"id": NaN}',
        b'{"id": -Infinity}',
        b"[" * 100_000,
        b'{"id": ' + b"9" * 10_000 + b"}",
        b'{"a":' * 100_000,
    ],
    ids=["empty", "cut", "bytes", "nan", "infinity", "deep list", "long number", "deep object"],
)
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(NotOsv, match="no JSON"):
        parse_json(raw)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)


@given(st.sampled_from(sorted(RECORD)), json_values)
def test_any_field_may_be_anything_and_nothing_else_is_raised(field: str, value: object) -> None:
    with contextlib.suppress(NotOsv):
        assert read_record(json.loads(json.dumps(changed(**{field: value})))).advisory.names
