"""Alerts, log lines and changes: what the tools answer is what the estate's tables hold, page by page."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.local.estate import NEIGHBOR_ORG
from tests.unit.tools.bench import NOW, ORG, Bench
from tools.contracts.common import JsonObject
from tools.contracts.identity import Caller

NEIGHBOR = Caller(org=NEIGHBOR_ORG, user="U9", roles=["operator"])

EVER: JsonObject = {"start": "2020-01-01T00:00:00Z", "limit": 200}


def stored(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


@pytest.mark.parametrize(
    ("params", "held"),
    [
        ({}, {}),
        ({"severity": "warning"}, {"severity": "warning"}),
        ({"status": "resolved"}, {"status": "resolved"}),
        ({"status": "open", "source": "alertmanager"}, {"status": "open", "source": "alertmanager"}),
        ({"sites": ["aws-eu-west-1"]}, {"site": "aws-eu-west-1"}),
    ],
)
async def test_alerts_are_those_of_the_table_the_last_raised_first(
    each_bench: Bench, params: JsonObject, held: JsonObject
) -> None:
    expected = [
        row
        for row in each_bench.rows(
            "SELECT * FROM alerts WHERE org_id = ? AND environment = 'production' ORDER BY raised_at DESC, id DESC",
            ORG,
        )
        if held.items() <= row.items()
    ]
    found = await each_bench.pages("query_alerts", {"limit": 3, **params}, "alerts")
    assert [row["id"] for row in found] == [row["id"] for row in expected]
    assert [(row["severity"], row["title"], row["status"], row["acknowledged_by"]) for row in found] == [
        (row["severity"], row["title"], row["status"], row["acknowledged_by"]) for row in expected
    ]
    assert [datetime.fromisoformat(row["raised_at"]) for row in found] == [
        datetime.fromisoformat(row["raised_at"]) for row in expected
    ]


async def test_alerts_of_a_span_are_those_raised_in_it(each_bench: Bench) -> None:
    start, end = NOW - timedelta(days=5), NOW - timedelta(minutes=30)
    expected = each_bench.rows(
        "SELECT id FROM alerts WHERE org_id = ? AND raised_at BETWEEN ? AND ?", ORG, stored(start), stored(end)
    )
    params: JsonObject = {"start": start.isoformat(), "end": end.isoformat()}
    found = await each_bench.pages("query_alerts", params, "alerts", environment=None)
    assert sorted(row["id"] for row in found) == sorted(row["id"] for row in expected)


async def test_an_alert_of_another_environment_is_not_listed(each_bench: Bench) -> None:
    everywhere = await each_bench.pages("query_alerts", {}, "alerts", environment=None)
    assert {row["environment"] for row in everywhere} >= {"production"}
    for environment in ("production", "staging", "development"):
        found = await each_bench.pages("query_alerts", {}, "alerts", environment=environment)
        assert found == [row for row in everywhere if row["environment"] == environment]


async def test_log_lines_are_those_of_the_span_the_environment_and_the_levels(each_bench: Bench) -> None:
    start, end = NOW - timedelta(minutes=40), NOW - timedelta(minutes=3)
    expected = each_bench.rows(
        "SELECT logs.* FROM logs JOIN assets ON assets.org_id = logs.org_id AND assets.id = logs.asset_id"
        " WHERE logs.org_id = ? AND environment = 'staging' AND level IN ('error', 'warning')"
        " AND at BETWEEN ? AND ? ORDER BY at DESC, logs.id DESC",
        ORG,
        stored(start),
        stored(end),
    )
    params: JsonObject = {
        "levels": ["error", "warning"],
        "start": start.isoformat(),
        "end": end.isoformat(),
        "limit": 7,
    }
    found = await each_bench.pages("query_logs", params, "lines", environment="staging")
    assert [(row["id"], row["asset_id"], row["level"], row["message"]) for row in found] == [
        (row["id"], row["asset_id"], row["level"], row["message"]) for row in expected
    ]


async def test_text_is_found_as_text_and_not_as_a_pattern(each_bench: Bench) -> None:
    lines = each_bench.rows("SELECT * FROM logs WHERE org_id = ?", ORG)
    wanted = {row["id"] for row in lines if "FINISHED; no".lower() in row["message"].lower()}
    found = await each_bench.pages("query_logs", {"contains": "FINISHED; no"}, "lines", environment=None)
    assert {row["id"] for row in found} == wanted
    assert wanted
    for pattern in ("%", "_inished", "Finished.*", "' OR 1=1 --"):
        assert await each_bench.pages("query_logs", {"contains": pattern}, "lines", environment=None) == []


async def test_changes_are_those_of_the_table_and_gavels_own_rollouts(bench: Bench) -> None:
    asset_id = (await bench.drifted())[0]
    params: JsonObject = {"asset_ids": [asset_id], **EVER}
    before = await bench.pages("get_change_history", params, "changes")
    expected = bench.rows(
        "SELECT id FROM change_events WHERE org_id = ? AND asset_id = ? ORDER BY at DESC, id DESC", ORG, asset_id
    )
    assert [row["id"] for row in before] == [row["id"] for row in expected]
    call = await bench.rollout([asset_id])
    await bench.dispatch(call)
    (latest, *rest) = await bench.pages("get_change_history", params, "changes")
    assert rest == before
    assert (latest["actor"], latest["kind"], latest["reference"]) == ("gavel", "image", call.id)
    assert latest["summary"].startswith("rollout: ")


async def test_changes_of_a_reference_kind_or_site_are_only_those(each_bench: Bench) -> None:
    rows = each_bench.rows("SELECT * FROM change_events WHERE org_id = ?", ORG)
    for params, wanted in (
        ({"references": ["CHG-3990"]}, [row["id"] for row in rows if row["reference"] == "CHG-3990"]),
        ({"kinds": ["config", "network"]}, [row["id"] for row in rows if row["kind"] in ("config", "network")]),
        ({"sites": ["vsphere-ams1"]}, [row["id"] for row in rows if row["site"] == "vsphere-ams1"]),
    ):
        found = await each_bench.pages(
            "get_change_history", {**EVER, "limit": 40, **params}, "changes", environment=None
        )
        assert sorted(row["id"] for row in found) == sorted(wanted)


@pytest.mark.parametrize(
    ("tool", "rows"), [("query_alerts", "alerts"), ("query_logs", "lines"), ("get_change_history", "changes")]
)
async def test_each_tenant_sees_its_own_rows_under_the_same_ids(bench: Bench, tool: str, rows: str) -> None:
    ours = {row["id"]: row for row in await bench.pages(tool, EVER, rows, environment=None)}
    theirs = {row["id"]: row for row in await bench.pages(tool, EVER, rows, environment=None, caller=NEIGHBOR)}
    shared = set(ours) & set(theirs)
    assert shared
    assert all(ours[row_id] != theirs[row_id] for row_id in shared)


@pytest.mark.parametrize("tool", ["query_alerts", "query_logs", "get_change_history", "correlate_events"])
async def test_a_cursor_that_no_page_returned_is_an_error(bench: Bench, tool: str) -> None:
    for cursor in ("x", "2026-11-23T10:00:00|log-1", "2026-11-23T10:00:00+00:00|", "'; DROP TABLE logs; --|1"):
        refused = await bench.refusal(tool, {"cursor": cursor})
        assert refused.kind == "tool_error"
        assert "no page cursor" in refused.message


@pytest.mark.parametrize("tool", ["query_alerts", "query_logs", "get_change_history", "correlate_events"])
async def test_a_span_that_ends_before_it_starts_or_has_no_zone_is_an_error(bench: Bench, tool: str) -> None:
    backwards: JsonObject = {"start": "2026-11-23T10:00:00Z", "end": "2026-11-23T09:00:00Z"}
    assert "`start` is after `end`" in (await bench.refusal(tool, backwards)).message
    assert (await bench.refusal(tool, {"start": "2026-11-23T10:00:00"})).kind == "invalid_input"
