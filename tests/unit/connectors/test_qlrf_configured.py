"""QL-RF by settings: what `gavel up`, a worker and the doctor make of it."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from bot.doctor import examine
from bot.estates import open_estate
from bot.local.estate import SampleEstate
from bot.local.parts import configured_part
from bot.local.qlrf.app import Fault
from bot.local.stack import open_stack
from bot.settings import EstateSettings, Settings
from tests.unit.connectors.conftest import ENVIRONMENTS, ORG, TOKEN, Remote
from tools.connectors.base import AssetQuery
from tools.connectors.qlrf.estate import QlrfEstate


def configured(remote: Remote, data_dir: Path, *, token: str = TOKEN) -> Settings:
    estate = EstateSettings(kind="qlrf", url=remote.url, token=SecretStr(token), environments=ENVIRONMENTS)
    return Settings.embedded(data_dir=data_dir).model_copy(update={"estate": estate, "org": ORG})


async def test_the_connector_is_the_one_that_the_settings_name(remote: Remote, tmp_path: Path) -> None:
    settings = configured(remote, tmp_path)
    opened = open_estate(settings.estate, org=ORG, sample=tmp_path / "none.db")
    assert isinstance(opened, QlrfEstate)
    ((asset,), _) = await opened.assets(ORG, AssetQuery(ids=["web-prod-euw1-01"]), limit=1, cursor=None)
    assert asset == (await remote.sample.snapshot(ORG))["web-prod-euw1-01"]
    await opened.close()
    sample = open_estate(EstateSettings(), org=ORG, sample=remote.path)
    assert isinstance(sample, SampleEstate)
    await sample.close()


async def test_a_stack_with_a_service_draws_no_sample(remote: Remote, tmp_path: Path) -> None:
    settings = configured(remote, tmp_path / "data")
    async with open_stack(settings, want=["estate"]) as stack:
        part = stack.part("estate")
        assert (part.embedded, part.address, part.detail) == (False, remote.url, "QL-RF")
    assert not (tmp_path / "data" / "estate.db").exists()
    assert configured_part(Settings.embedded(data_dir=tmp_path), "estate") is None


async def test_the_doctor_asks_it_with_the_token(remote: Remote, tmp_path: Path) -> None:
    (found,) = [one for one in await examine(configured(remote, tmp_path)) if one.component == "estate"]
    assert (found.state, found.tried) == ("ok", f"{remote.url}/api/v1/assets")
    assert found.answered == f"{len(await remote.sample.snapshot(ORG))} assets"


async def test_the_doctor_says_what_is_wrong_and_not_the_token(remote: Remote, tmp_path: Path) -> None:
    (refused,) = [
        one for one in await examine(configured(remote, tmp_path, token="wrong")) if one.component == "estate"
    ]
    assert refused.state == "failed"
    assert "refused the token" in refused.answered
    assert "GAVEL_ESTATE_TOKEN" in refused.advice
    remote.server.faults = {"*": Fault(body=b"<html>")}
    (unread,) = [one for one in await examine(configured(remote, tmp_path)) if one.component == "estate"]
    assert (unread.state, TOKEN in str(unread)) == ("failed", False)
