"""The software bill of materials: the Python packages of the container image by version and hash, in CycloneDX."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from jsonschema_rs import Draft7Validator, Registry

from tests.supply.looking import TOOLS, UV, NotDone, run

# As the Dockerfile installs them.
PACKAGES = ("--no-dev", "--extra", "otel")
FILE = Path("dist") / "gavel.cdx.json"
_SCHEMAS = "lib/python*/site-packages/cyclonedx/schema/_res"
"""pip-audit brings the library that has them."""
_BASE = "http://cyclonedx.org/schema/"
_SCHEMA = "bom-1.5.SNAPSHOT.schema.json"


async def write_bill(root: Path, file: Path) -> int:
    """How many packages are on it. Raises :class:`NotDone`, also where the lock is not up to date."""
    ran = await run(
        [
            UV,
            "export",
            "--quiet",
            "--locked",
            *PACKAGES,
            "--format",
            "cyclonedx1.5",
            "--preview-features",
            "sbom-export",
        ],
        cwd=root,
    )
    if ran.status != 0:
        raise NotDone(f"uv could not write it: {ran.last_words}")
    return await asyncio.to_thread(_keep, ran.out, file)


def _keep(written: str, file: Path) -> int:
    bill = json.loads(written)
    if (fault := next(iter(_validator().iter_errors(bill)), None)) is not None:
        raise NotDone(f"it is not as CycloneDX 1.5 wants it: {fault.message[:300]}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(written, "utf-8")
    return len(bill["components"])


def _validator() -> Draft7Validator:
    found = next(TOOLS.parent.glob(_SCHEMAS), None)
    if found is None:
        raise NotDone("CycloneDX's schemas are not there; `make sbom` installs them")
    schemas = {
        f"{_BASE}{name}": json.loads((found / name).read_text("utf-8"))
        for name in (_SCHEMA, "spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json")
    }
    registry = Registry(list(schemas.items()))
    return Draft7Validator(schemas[f"{_BASE}{_SCHEMA}"], registry=registry)
