"""A pin that is known to be vulnerable is reported. What could not be audited is never good news."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from pathlib import Path

import pytest

from tests.supply.advisories import npm_registry, osv
from tests.supply.looking import ROOT, NotDone, Ran, run
from tests.supply.npm_packages import audit_page
from tests.supply.python_packages import audit_lock, audit_requirements

HASH = f"--hash=sha256:{'0' * 64}"
PLANTED = f"jinja2==2.10 \\\n    {HASH}\npackaging==25.0 \\\n    {HASH}\n"
NOBODY = "http://127.0.0.1:9/v1/query"


async def test_a_vulnerable_pin_is_reported_with_what_mends_it() -> None:
    async with osv() as url:
        looked = await audit_requirements(PLANTED, osv_url=url, accepted={})
    assert looked.found == ("jinja2 2.10: PYSEC-2019-217 (CVE-2019-10906), mended in 2.10.1",)
    assert looked.at.startswith("2 locked Python packages")


async def test_pins_without_a_known_vulnerability_are_well() -> None:
    async with osv() as url:
        looked = await audit_requirements(PLANTED.replace("2.10 ", "3.1.6 "), osv_url=url, accepted={})
    assert looked.found == ()


@pytest.mark.parametrize("advisory", ["PYSEC-2019-217", "CVE-2019-10906"])
async def test_an_advisory_that_was_accepted_by_either_name_does_not_count(advisory: str) -> None:
    async with osv() as url:
        looked = await audit_requirements(PLANTED, osv_url=url, accepted={advisory: "no template is a stranger's"})
    assert looked.found == ()


async def test_packages_of_another_system_are_not_asked_about() -> None:
    async with osv() as url:
        elsewhere = f'{PLANTED}colorama==0.4.6 ; sys_platform == "win32" \\\n    {HASH}\n'
        assert (await audit_requirements(elsewhere, osv_url=url, accepted={})).at.startswith("2 locked")


@pytest.mark.parametrize("requirements", ["", "# nothing is pinned here\n"])
async def test_nothing_audited_is_not_well(requirements: str) -> None:
    async with osv() as url:
        with pytest.raises(NotDone, match="no package is pinned"):
            await audit_requirements(requirements, osv_url=url, accepted={})


async def test_a_pin_without_a_hash_is_not_audited() -> None:
    async with osv() as url:
        with pytest.raises(NotDone, match="gave no report"):
            await audit_requirements("jinja2==2.10\n", osv_url=url, accepted={})


async def test_advisories_out_of_reach_are_not_an_audit() -> None:
    with pytest.raises(NotDone, match="pip-audit gave no report"):
        await audit_requirements(PLANTED, osv_url=NOBODY, accepted={})
    async with osv() as url:
        with pytest.raises(NotDone, match="pip-audit gave no report"):
            await audit_requirements(PLANTED, osv_url=f"{url}/gone", accepted={})


async def test_every_locked_package_is_asked_about() -> None:
    async with osv() as url:
        looked = await audit_lock(osv_url=url, accepted={})
    assert looked.found == ()
    locked = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]
    # Those of other systems alone are not.
    assert 0.8 * len(locked) < int(looked.at.split()[0]) < len(locked)


async def test_who_answers_and_knows_nothing_is_not_believed() -> None:
    async with osv(knows=False) as url:
        with pytest.raises(NotDone, match="knows no hole in Jinja"):
            await audit_lock(osv_url=url, accepted={})


@pytest.fixture
def page(tmp_path: Path) -> Path:
    package = {"name": "page", "version": "1.0.0", "dependencies": {"lodash": "4.17.20"}}
    lock = {
        **package,
        "lockfileVersion": 3,
        "requires": True,
        "packages": {
            "": package,
            "node_modules/lodash": {
                "version": "4.17.20",
                "resolved": "https://registry.npmjs.org/lodash/-/lodash-4.17.20.tgz",
                "integrity": f"sha512-{'0' * 86}==",
            },
        },
    }
    (tmp_path / "package.json").write_text(json.dumps(package))
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    return tmp_path


async def test_a_vulnerable_npm_package_is_reported(page: Path) -> None:
    async with npm_registry() as url:
        looked = await audit_page(page, accepted={}, registry=url)
        known = await audit_page(page, accepted={"GHSA-35jh-r3h4-6jhm": "no template is compiled"}, registry=url)
    told = "lodash 4.17.20: Command Injection in lodash (high), https://github.com/advisories/GHSA-35jh-r3h4-6jhm"
    assert looked.found == (told,)
    assert known.found == ()


async def test_a_registry_that_does_not_audit_is_not_good_news(page: Path) -> None:
    async with npm_registry(audits=False) as url:
        with pytest.raises(NotDone, match="npm gave no report"):
            await audit_page(page, accepted={}, registry=url)


async def _audit(**settings: str) -> Ran:
    asked = {"AUDIT_OSV_URL": NOBODY, "AUDIT_NPM_REGISTRY": "http://127.0.0.1:9/", "npm_config_fetch_retries": "0"}
    kept = {name: value for name, value in os.environ.items() if name != "AUDIT_OFFLINE"}
    return await run([sys.executable, "-m", "tests.supply", "audit"], env={**kept, **asked, **settings}, cwd=ROOT)


@pytest.mark.parametrize(("offline", "status"), [({}, 3), ({"AUDIT_OFFLINE": "ok"}, 0)])
async def test_without_any_advisories_the_whole_says_that_nothing_is_known(
    offline: dict[str, str], status: int
) -> None:
    ran = await _audit(**offline)
    assert ran.status == status, ran.err
    assert ran.err.count("NOT DONE, so nothing is known of it") == 3
    assert "nothing found" not in ran.out + ran.err
    assert ("UNAUDITED" in ran.err) == (status == 0)


async def test_a_setting_that_is_no_such_thing_decides_nothing() -> None:
    ran = await _audit(AUDIT_OFFLINE="yes")
    assert (ran.status, ran.out) == (2, "")


async def test_what_is_found_fails_though_the_rest_was_out_of_reach() -> None:
    wire = json.loads((ROOT / "tests" / "wire" / "package.json").read_text("utf-8"))
    ((package, version),) = wire["dependencies"].items()
    async with npm_registry(package, version) as url:
        ran = await _audit(AUDIT_OFFLINE="ok", AUDIT_NPM_REGISTRY=url)
    assert ran.status == 1
    assert f"audit of tests/wire: {package} {version}: Command Injection" in ran.err
    assert ran.out.count("nothing found in") == 1
