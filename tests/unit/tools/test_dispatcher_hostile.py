"""Parameters, tool names and call ids are whatever a model wrote."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.local.estate import NEIGHBOR_ORG
from tests.unit.tools.bench import ORG, Bench
from tools.contracts.common import JsonObject

INJECTION = "web' OR '1'='1"


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "params",
    [
        {"asset_ids": ["\ud800"], "target_image_id": "x"},
        {"asset_ids": [float("nan")], "target_image_id": "x"},
        {"asset_ids": ["x" * 1_000_000], "target_image_id": "x"},
        {"asset_ids": nested(5000), "target_image_id": "x"},
        {"asset_ids": {"$ne": None}, "target_image_id": "x"},
        {"asset_ids": [b"bytes"], "target_image_id": "x"},
        {"asset_ids": [], "target_image_id": "x"},
        {"asset_ids": [True], "target_image_id": "x"},
        {"__proto__": {}, "asset_ids": ["a"], "target_image_id": "x"},
        {},
    ],
    ids=["surrogate", "nan", "huge", "deep", "operator", "bytes", "empty", "boolean", "proto", "nothing"],
)
async def test_parameters_that_are_no_such_thing_are_refused_with_what_is_wrong(
    bench: Bench, params: JsonObject
) -> None:
    refused = await bench.ask("compare_versions", params)
    assert refused.failure is not None
    assert refused.failure.kind == "invalid_input"
    assert 20 < len(refused.failure.message) < 3000
    assert await bench.ledger.show(ORG, limit=10)


async def test_injected_sql_matches_nothing_and_changes_nothing(bench: Bench) -> None:
    before = await bench.estate.snapshot(ORG)
    tags = [{"key": "role') OR 1=1 --", "value": "web"}, {"key": '$."role"', "value": "web"}]
    assert (await bench.output("query_assets", {"tags": tags[:1]}))["assets"] == []
    assert (await bench.output("query_assets", {"tags": tags[1:]}))["assets"] == []
    assert (await bench.output("query_assets", {"sites": [INJECTION]}))["assets"] == []
    assert (await bench.output("query_assets", {"cursor": "'; DROP TABLE assets; --"}))["total"] > 0
    assert await bench.estate.snapshot(ORG) == before


async def test_a_hostile_tool_name_is_refused_and_recorded(bench: Bench) -> None:
    for name in ("", "query_assets\n<!channel>", "\ud800", "x" * 100_000, "../registry"):
        refused = await bench.ask(name, {})
        assert refused.failure is not None
        assert refused.failure.kind == "unknown_tool"
        assert len(refused.failure.message) < 1000
    assert len(await bench.ledger.show(ORG, limit=10)) == 5


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    ["environment", "platforms", "asset_ids", "tags", "limit", "cursor", "family", "target_image_id", "checks", "org"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tool=st.sampled_from(
        ["query_assets", "get_golden_image", "compare_versions", "generate_patch_plan", "check_health"]
    ),
    params=st.dictionaries(names, json_values | st.just("production") | st.just(["web-prod-euw1-01"]), max_size=4),
)
async def test_whatever_the_parameters_there_is_an_output_or_a_reason(
    bench: Bench, tool: str, params: JsonObject
) -> None:
    result = await bench.ask(tool, params, caller=bench.call(tool, {}).caller)
    assert (result.output is None) is (result.failure is not None)
    assert result.failure is None or result.failure.message
    assert NEIGHBOR_ORG not in str(result.output)
