"""The locked Python packages, every group of them, against the advisories of OSV: pip-audit, by exact version.

OSV and not PyPI's own service: where a mirror does not serve that one, pip-audit takes it for a package without any.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from pydantic import BaseModel, ValidationError

from tests.supply.looking import TOOLS, UV, Looked, NotDone, run

OSV_URL = "https://api.osv.dev/v1/query"

KNOWN = f"jinja2==2.10 --hash=sha256:{'0' * 64}\n"
"""Vulnerable since 2019 (PYSEC-2019-217)."""


class _Vulnerability(BaseModel):
    id: str
    fix_versions: list[str]
    aliases: list[str]


class _Dependency(BaseModel):
    name: str
    version: str = ""
    vulns: list[_Vulnerability] = []
    skip_reason: str = ""


class _Report(BaseModel):
    dependencies: list[_Dependency]


async def audit_lock(*, osv_url: str, accepted: Mapping[str, str]) -> Looked:
    """Raises :class:`NotDone`, also where what answers knows nothing of a hole that everybody knows of."""
    if not (await audit_requirements(KNOWN, osv_url=osv_url, accepted={})).found:
        raise NotDone(f"what answers at {osv_url} knows no hole in Jinja 2.10: it has no advisories")
    exported = await run(
        [UV, "export", "--quiet", "--locked", "--all-groups", "--all-extras", "--no-emit-project", "--no-header"]
    )
    if exported.status != 0:
        raise NotDone(f"uv could not export the lock: {exported.last_words}")
    return await audit_requirements(exported.out, osv_url=osv_url, accepted=accepted)


async def audit_requirements(requirements: str, *, osv_url: str, accepted: Mapping[str, str]) -> Looked:
    """Requirements pinned with hashes. `accepted`: ids of advisories that are known and do not count, with why.

    Raises :class:`NotDone`, also where a single package was not looked at.
    """
    wanted = _pinned(requirements)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text(requirements, "utf-8")
        ran = await run(
            [
                *(TOOLS / "pip-audit", "--requirement", file, "--require-hashes", "--disable-pip", "--strict"),
                *("--vulnerability-service", "osv", "--osv-url", osv_url, "--cache-dir", Path(folder) / "cache"),
                *("--format", "json", "--progress-spinner", "off"),
            ]
        )
    try:
        # It ends with 1 for what it found and for what it could not do: only the report tells them apart.
        report = _Report.model_validate_json(ran.out)
    except ValidationError as error:
        raise NotDone(f"pip-audit gave no report: {ran.last_words}") from error
    audited = {canonicalize_name(each.name): each.version for each in report.dependencies if not each.skip_reason}
    if missing := sorted(name for name, version in wanted.items() if audited.get(name) != version):
        raise NotDone(f"pip-audit left out {', '.join(missing[:10])}{' and more' if len(missing) > 10 else ''}")
    if ran.status not in (0, 1):
        raise NotDone(f"pip-audit ended with {ran.status}: {ran.last_words}")
    return Looked(
        at=f"{len(wanted)} locked Python packages, by the advisories at {osv_url}",
        found=tuple(
            f"{each.name} {each.version}: {known.id}{_also(known.aliases)}, {_mended(known.fix_versions)}"
            for each in report.dependencies
            for known in each.vulns
            if accepted.keys().isdisjoint({known.id, *known.aliases})
        ),
    )


def _pinned(requirements: str) -> dict[NormalizedName, str]:
    """Name → version, of those that are installed here: for another system's nothing is asked."""
    found: dict[NormalizedName, str] = {}
    for line in requirements.splitlines():
        if line[:1].isalnum():
            each = Requirement(re.split(r" (?:\\|#|--hash)", line)[0])
            if each.marker is None or each.marker.evaluate():
                found[canonicalize_name(each.name)] = str(each.specifier).removeprefix("==")
    if not found:
        raise NotDone("no package is pinned in what was given")
    return found


def _also(aliases: list[str]) -> str:
    return f" ({', '.join(aliases)})" if aliases else ""


def _mended(versions: list[str]) -> str:
    return f"mended in {', '.join(versions)}" if versions else "not mended yet"
