"""OSV records and dumps for tests."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tools.contracts.common import JsonObject

HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"


def osv(number: int, **changes: object) -> JsonObject:
    """A record of an npm package `left-<number>`, fixed in 2.0.0; the higher the number, the later modified."""
    record: JsonObject = {
        "schema_version": "1.7.0",
        "id": f"GHSA-test-{number:05d}",
        "aliases": [f"CVE-2026-{number:05d}"],
        "modified": f"2026-01-{number % 28 + 1:02d}T00:00:{number % 60:02d}Z",
        "summary": f"Number {number}",
        "severity": [{"type": "CVSS_V3", "score": HIGH}],
        "affected": [
            {
                "package": {"ecosystem": "npm", "name": f"left-{number}"},
                "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "2.0.0"}]}],
            }
        ],
    }
    return {**record, **changes}


def zip_of(path: Path, members: Mapping[str, JsonObject | bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in members.items():
            archive.writestr(name, json.dumps(value) if isinstance(value, dict) else value)
    return path


def lines_of(path: Path, *records: JsonObject | str) -> Path:
    path.write_text("".join(f"{record if isinstance(record, str) else json.dumps(record)}\n" for record in records))
    return path
