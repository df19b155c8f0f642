"""Acknowledging an alert: one alert, of this org, under a grant, once."""

from __future__ import annotations

from typing import Any

import pytest

from bot.local.estate import NEIGHBOR_ORG
from tests.unit.tools.bench import NOW, ORG, Bench, without
from tools.base import ToolCall
from tools.contracts.common import JsonObject
from tools.dispatcher import Dispatcher
from tools.guards.grant import Granted
from tools.guards.scope import WithinScope
from tools.resources import named_resources


def alert(bench: Bench, environment: str, *, status: str = "open", about_asset: bool = True) -> JsonObject:
    found = bench.rows(
        "SELECT * FROM alerts WHERE org_id = ? AND environment = ? AND status = ? AND (asset_id IS NOT NULL) = ?",
        ORG,
        environment,
        status,
        about_asset,
    )
    return found[0]


def acknowledging(bench: Bench, row: JsonObject, **changes: Any) -> ToolCall:
    """A granted call for the alert."""
    environment = row["environment"]
    tool = "acknowledge_alert" if environment == "production" else "acknowledge_alert_nonprod"
    asset_ids = [row["asset_id"]] if row["asset_id"] else []
    params: JsonObject = {"alert_id": row["id"], "asset_ids": asset_ids, **changes.pop("params", {})}
    return bench.call(
        changes.pop("tool", tool),
        params,
        grant=bench.grant(asset_ids, tools=[tool], environment=environment, resource_ids=named_resources(params)),
        environment=environment,
        **changes,
    )


def alerts_of(bench: Bench, org: str) -> list[JsonObject]:
    return bench.rows("SELECT * FROM alerts WHERE org_id = ? ORDER BY id", org)


@pytest.mark.parametrize("about_asset", [True, False])
async def test_an_acknowledged_alert_carries_who_and_when_and_no_other_alert_changes(
    each_bench: Bench, about_asset: bool
) -> None:
    bench = each_bench
    ours, theirs, assets = alerts_of(bench, ORG), alerts_of(bench, NEIGHBOR_ORG), await bench.estate.snapshot(ORG)
    row = alert(bench, "production", status="open", about_asset=about_asset)
    result = await bench.dispatch(acknowledging(bench, row))
    assert result.output is not None, result.failure
    assert (result.output["status"], result.output["acknowledged_by"]) == ("acknowledged", "U1")
    assert [outcome["asset_id"] for outcome in result.output["outcomes"]] == ([row["asset_id"]] if about_asset else [])
    after = {entry["id"]: entry for entry in alerts_of(bench, ORG)}
    stamp = NOW.isoformat(timespec="microseconds")
    assert after.pop(row["id"]) == {**row, "status": "acknowledged", "acknowledged_by": "U1", "acknowledged_at": stamp}
    assert list(after.values()) == [entry for entry in ours if entry["id"] != row["id"]]
    assert alerts_of(bench, NEIGHBOR_ORG) == theirs
    assert await bench.estate.snapshot(ORG) == assets


async def test_the_same_call_again_answers_the_same_and_its_key_serves_no_other_alert(bench: Bench) -> None:
    row = alert(bench, "production", about_asset=False)
    call = acknowledging(bench, row)
    first = await bench.dispatch(call)
    after = alerts_of(bench, ORG)
    assert (await bench.dispatch(call)).digest == first.digest
    other = next(
        entry
        for entry in after
        if entry["asset_id"] is None and entry["status"] == "open" and entry["environment"] == "production"
    )
    result = await bench.dispatch(acknowledging(bench, other, id=call.id))
    assert result.failure is not None
    assert "used for another change" in result.failure.message
    assert alerts_of(bench, ORG) == after


async def test_what_somebody_acknowledged_before_stays_theirs(bench: Bench) -> None:
    row = alert(bench, "production", about_asset=False)
    await bench.dispatch(acknowledging(bench, row))
    again = acknowledging(bench, row)
    result = await bench.dispatch(
        bench.call(
            again.tool,
            again.params,
            grant=again.grant,
            caller=again.caller.model_copy(update={"user": "U2"}),
        )
    )
    assert result.output is not None
    assert result.output["acknowledged_by"] == "U1"


async def test_without_a_grant_nothing_is_acknowledged(bench: Bench) -> None:
    row, before = alert(bench, "production"), alerts_of(bench, ORG)
    params: JsonObject = {"alert_id": row["id"], "asset_ids": [row["asset_id"]]}
    assert (await bench.refusal("acknowledge_alert", params)).kind == "no_grant"
    assert alerts_of(bench, ORG) == before


async def test_an_alert_that_is_resolved_unknown_or_elsewhere_is_left_and_said_so(bench: Bench) -> None:
    before = alerts_of(bench, ORG)
    production = alert(bench, "production", about_asset=False)
    staging = next(row for row in before if row["environment"] != "production" and row["asset_id"])
    resolved = next(row for row in before if row["status"] == "resolved")
    for call, said in (
        (acknowledging(bench, resolved), "is resolved already"),
        (acknowledging(bench, production, params={"alert_id": "alert-none"}), "has no alert 'alert-none'"),
        (acknowledging(bench, production, params={"alert_id": staging["id"]}), f"is of {staging['environment']}"),
        (acknowledging(bench, production, params={"asset_ids": ["web-prod-euw1-01"]}), "does not name web-prod"),
        (acknowledging(bench, alert(bench, "production", status="resolved"), params={"asset_ids": []}), "must be ["),
    ):
        result = await bench.dispatch(call)
        assert result.failure is not None, said
        assert said in result.failure.message
    assert alerts_of(bench, ORG) == before


async def test_the_nonproduction_tool_serves_what_is_not_production(bench: Bench) -> None:
    row = next(
        row
        for row in alerts_of(bench, ORG)
        if row["environment"] != "production" and row["asset_id"] and row["status"] != "resolved"
    )
    result = await bench.dispatch(acknowledging(bench, row))
    assert result.output is not None, result.failure
    assert result.output["status"] == "acknowledged"
    wrong = acknowledging(bench, row, tool="acknowledge_alert")
    refused = await bench.dispatch(wrong)
    assert refused.failure is not None
    assert refused.failure.kind == "out_of_scope"


async def test_each_tool_keeps_to_its_environments_when_no_guard_stands_before_it(bench: Bench) -> None:
    before = alerts_of(bench, ORG)
    production = alert(bench, "production")
    staging = next(row for row in before if row["environment"] != "production" and row["asset_id"])
    for tool, row in (("acknowledge_alert_nonprod", production), ("acknowledge_alert", staging)):
        call = acknowledging(bench, row, tool=tool, params={"environment": row["environment"]})
        result = await Dispatcher(without(without(bench.chain(), WithinScope), Granted)).dispatch(call)
        assert result.failure is not None
        assert "acknowledges alerts of" in result.failure.message
    assert alerts_of(bench, ORG) == before
