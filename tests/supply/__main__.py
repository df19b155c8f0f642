"""`python -m tests.supply audit | secrets | sbom`. Ends with 0: looked, and well. 1: something is wrong. 3: not done.

`AUDIT_OFFLINE=ok`: an audit that could not be done, as where the advisories are out of reach, ends with 0. It says that
nothing was audited all the same.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tomllib
from collections.abc import Awaitable, Sequence

from tests.supply.bill import FILE, write_bill
from tests.supply.looking import ROOT, Looked, NotDone
from tests.supply.npm_packages import audit_page
from tests.supply.python_packages import OSV_URL, audit_lock
from tests.supply.secrets import look_for_secrets

PAGES = ("bot/local/slack/page", "tests/wire")
WELL, WRONG, USAGE, NOT_DONE = 0, 1, 2, 3


def _said(text: str, *, bad: bool = False) -> None:
    print(f"gavel: {text}", file=sys.stderr if bad else sys.stdout, flush=True)


async def told(what: str, looks: Awaitable[Sequence[Looked]]) -> int:
    """How it ends, having said so."""
    try:
        looked = await looks
    except NotDone as error:
        _said(f"{what}: NOT DONE, so nothing is known of it: {error}.", bad=True)
        return NOT_DONE
    for each in looked:
        for line in each.found:
            _said(f"{what}: {line}", bad=True)
        _said(f"{what}: {len(each.found) or 'nothing'} found in {each.at}.", bad=bool(each.found))
    return WRONG if any(each.found for each in looked) else WELL


def accepted() -> dict[str, str]:
    """Advisories that are known and do not count, each with why: `[tool.gavel.audit.accepted]` in pyproject.toml."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return dict(settings["tool"].get("gavel", {}).get("audit", {}).get("accepted", {}))


async def audit() -> int:
    offline = os.environ.get("AUDIT_OFFLINE", "fail")
    if offline not in ("ok", "fail"):
        _said(f"AUDIT_OFFLINE is {offline!r}; it is ok or fail.", bad=True)
        return USAGE
    known = accepted()
    for advisory, why in known.items():
        _said(f"audit: {advisory} does not count: {why}")

    async def python() -> Sequence[Looked]:
        return [await audit_lock(osv_url=os.environ.get("AUDIT_OSV_URL", OSV_URL), accepted=known)]

    async def npm(page: str) -> Sequence[Looked]:
        return [await audit_page(ROOT / page, accepted=known, registry=os.environ.get("AUDIT_NPM_REGISTRY"))]

    ends = [await told("audit of Python packages", python())]
    ends += [await told(f"audit of {page}", npm(page)) for page in PAGES]
    if WRONG in ends:
        return WRONG
    if NOT_DONE in ends and offline == "ok":
        _said("audit: goes on UNAUDITED where it says so above, as AUDIT_OFFLINE=ok wants it.", bad=True)
        return WELL
    return max(ends)


async def secrets() -> int:
    return await told("secrets", look_for_secrets(ROOT))


async def sbom() -> int:
    try:
        count = await write_bill(ROOT, ROOT / FILE)
    except NotDone as error:
        _said(f"SBOM: NOT WRITTEN: {error}.", bad=True)
        return NOT_DONE
    _said(f"SBOM: {count} packages in {FILE}.")
    return WELL


_COMMANDS = {"audit": audit, "secrets": secrets, "sbom": sbom}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in _COMMANDS:
        _said(f"python -m tests.supply {' | '.join(_COMMANDS)}", bad=True)
        sys.exit(USAGE)
    sys.exit(asyncio.run(_COMMANDS[sys.argv[1]]()))
