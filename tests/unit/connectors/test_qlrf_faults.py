"""What is no answer is an error that says what was asked: never an empty list, never the token."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from bot.local.qlrf.app import Fault
from bot.local.qlrf.shapes import asset_json, image_json
from tests.unit.connectors.conftest import ORG, TOKEN, Remote
from tests.unit.connectors.test_qlrf_estate import every_asset
from tools.connectors.base import AssetQuery, EstateError
from tools.connectors.incident import AlertQuery
from tools.connectors.qlrf.client import QlrfClient
from tools.connectors.qlrf.errors import QlrfError, QlrfErrorKind
from tools.connectors.qlrf.estate import QlrfEstate
from tools.connectors.recovery import PairQuery
from tools.contracts.common import JsonObject


async def failing(remote: Remote, fault: Fault, *, path: str = "*") -> list[QlrfError]:
    """What each reading path raises while the server answers so."""
    remote.server.faults = {path: fault}
    errors: list[QlrfError] = []
    for question in (
        remote.estate.assets(ORG, AssetQuery(), limit=5, cursor=None),
        remote.estate.images(ORG),
        remote.estate.alerts(ORG, AlertQuery(), limit=5, cursor=None),
        remote.estate.dr_pairs(ORG, PairQuery(), limit=5, cursor=None),
    ):
        with pytest.raises(QlrfError) as raised:
            await question
        assert TOKEN not in str(raised.value)
        assert TOKEN not in repr(raised.value.__cause__)
        assert "GET" in raised.value.asked
        errors.append(raised.value)
    return errors


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (401, "refused", "Check estate.token"),
        (403, "refused", "Check estate.token"),
        (404, "missing", "no such thing"),
        (429, "limited", "asked too often"),
        (500, "failed", "Ask again later"),
        (502, "failed", "Ask again later"),
        (302, "failed", "(302"),
        (418, "failed", "(418"),
    ],
)
async def test_a_status_that_is_no_answer_is_its_own_kind_of_error(
    remote: Remote, status: int, kind: QlrfErrorKind, said: str
) -> None:
    fault = Fault(status=status, body=b'{"error": "as the server says"}', headers={"Location": "http://127.0.0.1:9/"})
    for error in await failing(remote, fault):
        assert error.kind == kind
        assert said in str(error)
        assert "as the server says" in str(error)
        assert isinstance(error, EstateError)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no list of"),
        (b"<html>", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"null", "no list of"),
        (b"{}", "no list of"),
        (b'{"assets": null, "images": 3, "alerts": {}, "data": "x"}', "no list of"),
        (b"[1]", "cannot be read"),
        (b"[{}]", "id"),
        (b'[{"id": ""}]', "id"),
    ],
)
async def test_a_body_that_cannot_be_read_is_an_error_and_not_an_empty_list(
    remote: Remote, body: bytes, said: str
) -> None:
    for error in await failing(remote, Fault(body=body)):
        assert error.kind == "malformed"
        assert said in str(error)


async def test_an_answer_that_takes_too_long_is_an_error(remote: Remote) -> None:
    slow = remote.connector(timeout_seconds=0.05)
    remote.server.faults = {"*": Fault(delay_seconds=1.0)}
    with pytest.raises(QlrfError, match=r"no answer within 0\.05 s") as raised:
        await slow.images(ORG)
    assert raised.value.kind == "timeout"
    await slow.close()


async def test_an_answer_that_is_too_long_is_cut_off_and_an_error(remote: Remote) -> None:
    client = QlrfClient(remote.url, TOKEN, max_answer_bytes=10_000)
    estate = QlrfEstate(client, ORG)
    with pytest.raises(QlrfError, match="longer than 10000 bytes"):
        await estate.images(ORG)
    await estate.close()


async def test_a_server_that_is_not_there_is_an_error() -> None:
    estate = QlrfEstate(QlrfClient("http://127.0.0.1:9", TOKEN, timeout_seconds=2), ORG)
    with pytest.raises(QlrfError) as raised:
        await estate.images(ORG)
    assert raised.value.kind == "unreachable"
    assert TOKEN not in str(raised.value)
    await estate.close()


async def test_a_redirect_does_not_carry_the_token_away(remote: Remote) -> None:
    remote.server.faults = {"/images": Fault(status=307, headers={"Location": f"{remote.url}/api/v1/assets"})}
    with pytest.raises(QlrfError, match="307"):
        await remote.estate.images(ORG)
    assert [asked.split("?")[0] for asked in remote.server.asked] == ["GET /api/v1/images"]


async def test_a_wrong_token_is_refused_by_the_server_itself(remote: Remote) -> None:
    stranger = remote.connector(token="another")
    with pytest.raises(QlrfError, match="refused the token"):
        await stranger.images(ORG)
    await stranger.close()


def page(rows: Sequence[JsonObject], **fields: Any) -> Fault:
    return Fault(body=json.dumps({"assets": list(rows), **fields}).encode())


async def rows_of(remote: Remote, count: int) -> list[JsonObject]:
    return [asset_json(asset) for asset in (await every_asset(remote.sample, AssetQuery()))[:count]]


async def test_pages_that_do_not_add_up_are_an_error(remote: Remote) -> None:
    rows = await rows_of(remote, 3)
    for fault, said in (
        (page(rows, total=5), "came twice"),
        (page(rows, total=2), "holds 3 assets and says 2"),
        (page([], total=5), "the pages end too soon"),
        (page([*rows, rows[0]], total=4), "came twice"),
        (page(rows, total=-1), "below zero, which is no count"),
        (page(rows, total="3"), "a str, which is no count"),
        (page(rows, total=True), "no count"),
    ):
        remote.server.faults = {"/assets": fault}
        with pytest.raises(QlrfError, match=said):
            await remote.estate.assets(ORG, AssetQuery(), limit=5, cursor=None)


async def test_one_row_that_cannot_be_read_is_an_error_and_not_left_out(remote: Remote) -> None:
    rows = await rows_of(remote, 3)
    worse: list[tuple[JsonObject, str]] = [
        ({"platform": "mainframe"}, "platform"),
        ({"platform": None}, "platform"),
        ({"state": None}, "state"),
        ({"env_id": "unheard-of"}, "estate.environments does not map"),
        ({"env_id": None}, "estate.environments does not map"),
        ({"tags": ["a"]}, "tags"),
        ({"updated_at": "yesterday"}, "updated"),
        ({"updated_at": "2026-01-01T00:00:00"}, "updated"),
        ({"org_id": "another"}, "another org"),
    ]
    for change, said in worse:
        remote.server.faults = {"/assets": page([rows[0], {**rows[1], **change}, rows[2]], total=3)}
        fresh = remote.connector()
        with pytest.raises(QlrfError) as raised:
            await fresh.assets(ORG, AssetQuery(), limit=5, cursor=None)
        assert said in str(raised.value), change
        assert raised.value.kind == "malformed"
        await fresh.close()


async def test_fields_that_may_be_null_are_none_and_never_guessed(remote: Remote) -> None:
    (row,) = await rows_of(remote, 1)
    bare: JsonObject = {"id": row["id"], "env_id": row["env_id"], "platform": "AWS", "state": "running"}
    for rest in ({}, dict.fromkeys(("org_id", "site", "site_id", "account", "region", "name", "image_ref", "tags"))):
        remote.server.faults = {"/assets": page([{**bare, **rest}], total=1)}
        ((asset,), _) = await remote.estate.assets(ORG, AssetQuery(), limit=5, cursor=None)
        assert (asset.platform, asset.site, asset.image_family, asset.image_version) == ("aws", None, None, None)
        assert (asset.name, asset.tags, asset.updated_at) == (row["id"], {}, None)


def camel(row: JsonObject) -> JsonObject:
    return {
        "".join(part.title() if index else part for index, part in enumerate(key.split("_"))): value
        for key, value in row.items()
    }


async def test_either_casing_is_read_everywhere(remote: Remote) -> None:
    expected = await every_asset(remote.sample, AssetQuery())
    remote.server.faults = {
        "/assets": Fault(body=json.dumps([camel(asset_json(asset)) for asset in expected]).encode()),
        "/images": Fault(
            body=json.dumps({"items": [camel(image_json(image)) for image in await remote.sample.images(ORG)]}).encode()
        ),
    }
    assert await every_asset(remote.estate, AssetQuery()) == expected
    assert {image.id for image in await remote.estate.images(ORG)} == {
        image.id for image in await remote.sample.images(ORG)
    }


async def test_environments_without_a_map_are_called_as_here(remote: Remote) -> None:
    (row,) = await rows_of(remote, 1)
    plain = QlrfEstate(QlrfClient(remote.url, TOKEN), ORG)
    remote.server.faults = {"/assets": page([{**row, "env_id": "staging"}], total=1)}
    ((asset,), _) = await plain.assets(ORG, AssetQuery(), limit=5, cursor=None)
    assert asset.environment == "staging"
    remote.server.faults = {"/assets": page([{**row, "env_id": "Production"}], total=1)}
    with pytest.raises(QlrfError, match="does not map"):
        await plain.assets(ORG, AssetQuery(), limit=5, cursor=None)
    await plain.close()


async def test_a_change_whose_answer_never_came_says_that_it_may_have_been_made(remote: Remote) -> None:
    (row, *_) = remote.rows("SELECT id FROM images WHERE org_id = ? AND status = 'production'", ORG)
    hasty = remote.connector(timeout_seconds=0.3)
    remote.server.faults = {f"/images/{row['id']}/promote": Fault(delay_seconds=2.0)}
    with pytest.raises(QlrfError, match="may have been done all the same: the same call again looks first"):
        await hasty.promote_image(ORG, row["id"], "deprecated", idempotency_key="k1")
    await hasty.close()


async def test_a_yes_that_changed_nothing_is_an_error(remote: Remote) -> None:
    (row, *_) = remote.rows("SELECT id FROM images WHERE org_id = ? AND status = 'production'", ORG)
    remote.server.faults = {f"/images/{row['id']}/promote": Fault(status=204)}
    with pytest.raises(QlrfError, match="it said yes, and the image is production, not deprecated"):
        await remote.estate.promote_image(ORG, row["id"], "deprecated", idempotency_key="k1")
    (alert, *_) = remote.rows("SELECT id FROM alerts WHERE org_id = ? AND status = 'open'", ORG)
    remote.server.faults = {f"/alerts/{alert['id']}/acknowledge": Fault(body=b"{}")}
    with pytest.raises(QlrfError, match="it said yes, and the alert is open"):
        await remote.estate.acknowledge_alert(ORG, alert["id"], by="U1", idempotency_key="k1")


async def test_versions_that_cannot_be_put_in_order_name_no_newest(remote: Remote) -> None:
    rows = [
        {**image_json(image), "created_at": None, "version": version}
        for image, version in zip(await remote.sample.images(ORG, family="web-base"), ("latest", "1.0.0"), strict=False)
    ]
    remote.server.faults = {"/images": Fault(body=json.dumps(rows).encode())}
    with pytest.raises(EstateError, match="cannot be put in order"):
        await remote.estate.images(ORG)


async def test_the_token_is_not_in_what_a_log_would_show(remote: Remote) -> None:
    assert TOKEN not in repr(remote.estate)
    assert TOKEN not in repr(remote.estate.client)
