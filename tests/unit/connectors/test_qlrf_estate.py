"""The QL-RF connector over real HTTP answers what the estate behind the server holds."""

from __future__ import annotations

import json

import pytest

from bot.local.estate import NEIGHBOR_ORG
from bot.local.qlrf.app import Fault
from bot.local.qlrf.shapes import image_json
from tests.unit.connectors.conftest import NEIGHBORS_TOKEN, NOW, ORG, Remote
from tools.connectors.base import AssetQuery, Estate, EstateError
from tools.connectors.image import ImagePromoter
from tools.connectors.incident import AlertQuery, AlertSource, Span
from tools.connectors.recovery import PairQuery, RecoverySource
from tools.contracts.estate import Asset
from tools.contracts.incident import Alert
from tools.contracts.taskspec import Tag


def as_an_estate(estate: Estate) -> Estate:
    return estate


async def every_asset(estate: Estate, query: AssetQuery, *, limit: int = 500, org: str = ORG) -> list[Asset]:
    found: list[Asset] = []
    cursor: str | None = None
    while True:
        page, cursor = await estate.assets(org, query, limit=limit, cursor=cursor)
        assert len(page) <= limit
        found.extend(page)
        if cursor is None:
            return found


async def test_it_is_an_estate_with_alerts_images_and_recovery(remote: Remote) -> None:
    assert as_an_estate(remote.estate).name == "QL-RF"
    for protocol in (AlertSource, ImagePromoter, RecoverySource):
        assert isinstance(remote.estate, protocol)


QUERIES = [
    AssetQuery(),
    AssetQuery(environment="production"),
    AssetQuery(environment="staging", platforms=["aws", "gcp"]),
    AssetQuery(platforms=["k8s"]),
    AssetQuery(regions=["eu-west-1"], state="running"),
    AssetQuery(sites=["vsphere-ams1", "aws-us-east-1"], image_family="web-base"),
    AssetQuery(state="stopped"),
    AssetQuery(tags=[Tag(key="role", value="web"), Tag(key="tier", value="frontend")]),
    AssetQuery(tags=[Tag(key="role", value="nobody")]),
    AssetQuery(ids=["web-prod-euw1-01", "none-such", "db-prod-ams1-01"]),
    AssetQuery(ids=["web-prod-euw1-01"], environment="staging"),
]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.model_dump_json(exclude_defaults=True))
async def test_assets_are_those_that_the_estate_itself_gives(remote: Remote, query: AssetQuery) -> None:
    found = await every_asset(remote.estate, query)
    expected = await every_asset(remote.sample, query)
    assert found == expected
    assert [asset.fingerprint for asset in found] == [asset.fingerprint for asset in expected]


async def test_pages_hold_every_asset_once_in_id_order(remote: Remote) -> None:
    found = await every_asset(remote.estate, AssetQuery(), limit=37)
    assert [asset.id for asset in found] == sorted(await remote.sample.snapshot(ORG))


async def test_the_server_is_asked_page_by_page_with_what_it_can_narrow_by(remote: Remote) -> None:
    await every_asset(remote.estate, AssetQuery(environment="production", platforms=["aws"], state="running"))
    (first, *_) = remote.server.asked
    assert first.startswith("GET /api/v1/assets?platform=aws&state=running&env_id=")
    assert "page=1&page_size=200" in first
    remote.server.asked.clear()
    await every_asset(remote.estate, AssetQuery())
    assert [asked.split("page=")[1].split("&")[0] for asked in remote.server.asked] == ["1", "2"]


async def test_many_ids_are_picked_from_the_list_and_few_are_asked_for_one_by_one(remote: Remote) -> None:
    everything = sorted(await remote.sample.snapshot(ORG))
    await remote.estate.assets(ORG, AssetQuery(ids=everything[:3]), limit=10, cursor=None)
    assert sorted(remote.server.asked) == [f"GET /api/v1/assets/{asset_id}" for asset_id in everything[:3]]
    remote.server.asked.clear()
    found, _ = await remote.estate.assets(ORG, AssetQuery(ids=everything[:120]), limit=500, cursor=None)
    assert [asset.id for asset in found] == everything[:120]
    assert len(remote.server.asked) == 2


@pytest.mark.parametrize("asset_id", ["../images", "a/b", "a?x=1", "ü", "%2e%2e", "a b"])
async def test_an_id_cannot_leave_its_part_of_the_path(remote: Remote, asset_id: str) -> None:
    found, _ = await remote.estate.assets(ORG, AssetQuery(ids=[asset_id]), limit=10, cursor=None)
    assert found == []
    (asked,) = remote.server.asked
    assert asked.startswith("GET /api/v1/assets/")
    assert asked.count("/") == 4


@pytest.mark.parametrize("asset_id", ["", ".", ".."])
async def test_what_is_no_id_is_not_asked_for(remote: Remote, asset_id: str) -> None:
    with pytest.raises(EstateError, match="no id"):
        await remote.estate.assets(ORG, AssetQuery(ids=[asset_id]), limit=10, cursor=None)
    assert remote.server.asked == []


async def test_images_are_those_of_the_estate_by_family_the_newest_first(remote: Remote) -> None:
    found = await remote.estate.images(ORG)
    expected = await remote.sample.images(ORG)
    assert {image.id: image for image in found} == {image.id: image for image in expected}
    for family in {image.family for image in expected}:
        ours = [image.id for image in found if image.family == family]
        assert ours == [image.id for image in expected if image.family == family]
        assert [image.id for image in await remote.estate.images(ORG, family=family)] == ours


async def test_without_dates_versions_are_ordered_by_number(remote: Remote) -> None:
    expected = {
        family: [image.id for image in await remote.sample.images(ORG, family=family)]
        for family in ("web-base", "db-base", "node-base")
    }
    rows = [{**image_json(image), "created_at": None} for image in await remote.sample.images(ORG)]
    remote.server.faults["/images"] = Fault(body=json.dumps(rows[::-1]).encode())
    for family, ids in expected.items():
        assert [image.id for image in await remote.estate.images(ORG, family=family)] == ids


async def test_what_it_has_no_path_for_is_an_error_and_no_window_is_known(remote: Remote) -> None:
    assert await remote.estate.maintenance_window(ORG, "production", ["aws-eu-west-1"]) is None
    with pytest.raises(EstateError, match=r"no path for this\. Nothing was read or changed"):
        await remote.estate.health(ORG, ["web-prod-euw1-01"])
    with pytest.raises(EstateError, match="no path for this"):
        await remote.estate.apply_image(ORG, ["web-prod-euw1-01"], "img", idempotency_key="k", kind="rollout")
    with pytest.raises(EstateError, match="no path for this"):
        await remote.estate.fail_over(ORG, "dr-1", idempotency_key="k", kind="failover")
    with pytest.raises(EstateError, match="no path for this"):
        await remote.estate.run_drill(ORG, "dr-1", idempotency_key="k")
    assert remote.server.asked == []


ALERTS = [
    AlertQuery(),
    AlertQuery(environment="production"),
    AlertQuery(environment="staging", statuses=["open"]),
    AlertQuery(severities=["critical"]),
    AlertQuery(severities=["critical", "warning"], statuses=["resolved"]),
    AlertQuery(sources=["alertmanager"]),
    AlertQuery(ids=["alert-001", "none-such"]),
    AlertQuery(raised=Span(start=NOW.replace(day=20), end=NOW.replace(day=23, hour=8))),
]


async def every_alert(source: AlertSource, query: AlertQuery, *, limit: int) -> list[Alert]:
    found: list[Alert] = []
    cursor: str | None = None
    while True:
        page, cursor = await source.alerts(ORG, query, limit=limit, cursor=cursor)
        found.extend(page)
        if cursor is None:
            return found


@pytest.mark.parametrize("query", ALERTS, ids=lambda query: query.model_dump_json(exclude_defaults=True))
async def test_alerts_are_those_that_the_estate_itself_gives(remote: Remote, query: AlertQuery) -> None:
    found = await every_alert(remote.estate, query, limit=3)
    expected = await every_alert(remote.sample, query, limit=200)
    # A whole site has no one environment in the sample estate; QL-RF's sites have one.
    assert [alert.model_dump(exclude={"environment"}) for alert in found] == [
        alert.model_dump(exclude={"environment"}) for alert in expected
    ]
    assert [alert.environment for alert in found if alert.asset_id] == [
        alert.environment for alert in expected if alert.asset_id
    ]


async def test_an_alert_is_acknowledged_once(remote: Remote) -> None:
    (row, *_) = remote.rows("SELECT id FROM alerts WHERE org_id = ? AND status = 'open' ORDER BY id", ORG)
    first = await remote.estate.acknowledge_alert(ORG, row["id"], by="U7", idempotency_key="k1")
    again = await remote.estate.acknowledge_alert(ORG, row["id"], by="U8", idempotency_key="k1")
    assert (first.status, first.acknowledged_by) == ("acknowledged", "U7")
    assert again == first
    assert sum(asked.startswith("POST") for asked in remote.server.asked) == 1


async def test_what_cannot_be_acknowledged_is_not_posted(remote: Remote) -> None:
    (row, *_) = remote.rows("SELECT id FROM alerts WHERE org_id = ? AND status = 'resolved'", ORG)
    with pytest.raises(EstateError, match=r"resolved already\. Nothing was changed"):
        await remote.estate.acknowledge_alert(ORG, row["id"], by="U7", idempotency_key="k1")
    with pytest.raises(EstateError, match=r"no alert 'none-such'\. Nothing was changed"):
        await remote.estate.acknowledge_alert(ORG, "none-such", by="U7", idempotency_key="k1")
    assert not any(asked.startswith("POST") for asked in remote.server.asked)


async def test_an_image_goes_one_stage_on_once(remote: Remote) -> None:
    (row, *_) = remote.rows(
        "SELECT id FROM images WHERE org_id = ? AND status = 'production' AND family = 'web-base' ORDER BY created_at",
        ORG,
    )
    change = await remote.estate.promote_image(ORG, row["id"], "deprecated", idempotency_key="k1")
    assert (change.from_status, change.to_status, change.at) == ("production", "deprecated", NOW)
    assert await remote.estate.promote_image(ORG, row["id"], "deprecated", idempotency_key="k1") == change
    assert [asked for asked in remote.server.asked if asked.startswith("POST")] == [
        f"POST /api/v1/images/{row['id']}/promote"
    ]
    (held,) = remote.rows("SELECT status FROM images WHERE org_id = ? AND id = ?", ORG, row["id"])
    assert held["status"] == "deprecated"


async def test_a_stage_that_does_not_follow_is_not_posted(remote: Remote) -> None:
    (row, *_) = remote.rows("SELECT id FROM images WHERE org_id = ? AND status = 'production'", ORG)
    with pytest.raises(EstateError, match=r"which deprecated follows; not staging\. Nothing was changed"):
        await remote.estate.promote_image(ORG, row["id"], "staging", idempotency_key="k1")
    with pytest.raises(EstateError, match="no image 'img-none'"):
        await remote.estate.promote_image(ORG, "img-none", "dev", idempotency_key="k1")
    assert not any(asked.startswith("POST") for asked in remote.server.asked)


@pytest.mark.parametrize(
    "query", [PairQuery(), PairQuery(ids=["dr-2"]), PairQuery(site="vsphere-ams1"), PairQuery(environment="staging")]
)
async def test_recovery_pairs_are_those_of_the_estate(remote: Remote, query: PairQuery) -> None:
    found, cursor = await remote.estate.dr_pairs(ORG, query, limit=100, cursor=None)
    expected, _ = await remote.sample.dr_pairs(ORG, query, limit=100, cursor=None)
    assert found == expected
    assert cursor is None
    assert await remote.estate.dr_runs(ORG, "dr-1", limit=5) == []
    assert await remote.estate.replication(ORG, "dr-1") == []


async def test_another_org_is_refused_before_anything_is_asked(remote: Remote) -> None:
    for question in (
        remote.estate.assets(NEIGHBOR_ORG, AssetQuery(), limit=1, cursor=None),
        remote.estate.images(NEIGHBOR_ORG),
        remote.estate.alerts(NEIGHBOR_ORG, AlertQuery(), limit=1, cursor=None),
        remote.estate.dr_pairs(NEIGHBOR_ORG, PairQuery(), limit=1, cursor=None),
        remote.estate.promote_image(NEIGHBOR_ORG, "x", "dev", idempotency_key="k"),
        remote.estate.acknowledge_alert(NEIGHBOR_ORG, "x", by="U1", idempotency_key="k"),
        remote.estate.health(NEIGHBOR_ORG, []),
    ):
        with pytest.raises(EstateError, match="another org"):
            await question
    assert remote.server.asked == []


async def test_a_token_reads_its_own_tenant_and_rows_of_another_are_discarded(remote: Remote) -> None:
    theirs = remote.connector(token=NEIGHBORS_TOKEN, org=NEIGHBOR_ORG)
    found = await every_asset(theirs, AssetQuery(), org=NEIGHBOR_ORG)
    assert {asset.id for asset in found} == set(await remote.sample.snapshot(NEIGHBOR_ORG))
    assert {asset.org_id for asset in found} == {NEIGHBOR_ORG}
    await theirs.close()
    swapped = remote.connector(token=NEIGHBORS_TOKEN, remote_org="the-id-of-acme")
    with pytest.raises(EstateError, match=r"rows of another org\. It was discarded"):
        await swapped.assets(ORG, AssetQuery(), limit=5, cursor=None)
    await swapped.close()
