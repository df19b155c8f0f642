"""The tools over QL-RF: the same answers as over the estate behind it, and an error where QL-RF has nothing to say."""

from __future__ import annotations

import pytest

from tests.unit.connectors.conftest import NOW, ORG, Remote
from tools.base import ToolCall
from tools.connectors.base import Estate
from tools.contracts.common import JsonObject
from tools.contracts.identity import Caller
from tools.guards.base import CallRefused
from tools.guards.run import RunTool
from tools.plans import InvestigationPlans
from tools.registry import build_registry

REGISTRY = build_registry()


async def run(estate: Estate, name: str, params: JsonObject) -> JsonObject:
    """The tool itself, past the guards."""
    tool = REGISTRY.get(name)
    assert tool is not None
    call = ToolCall(
        id="call-1",
        tool=name,
        params=params,
        caller=Caller(org=ORG, user="U1"),
        task_id="task-1",
        allowed_tools=frozenset({name}),
    )
    return await RunTool(estate=estate, plans=InvestigationPlans(), now=lambda: NOW).run(call, tool)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("query_assets", {"limit": 500, "environment": "production"}),
        ("query_assets", {"tags": [{"key": "role", "value": "db"}], "limit": 5}),
        ("get_golden_image", {"family": "web-base", "platform": "aws"}),
        ("get_drift_status", {}),
        ("list_image_versions", {"limit": 200}),
        ("query_alerts", {"severity": "critical", "limit": 200}),
    ],
)
async def test_what_it_knows_is_told_as_from_the_estate_itself(remote: Remote, name: str, params: JsonObject) -> None:
    assert await run(remote.estate, name, params) == await run(remote.sample, name, params)


async def test_versions_are_compared_and_a_plan_is_written(remote: Remote) -> None:
    golden = await run(remote.estate, "get_golden_image", {"family": "web-base"})
    web = await run(
        remote.estate,
        "query_assets",
        {"environment": "production", "image_family": "web-base", "state": "running", "limit": 500},
    )
    asked: JsonObject = {
        "asset_ids": [row["id"] for row in web["assets"]],
        "target_image_id": golden["image"]["id"],
    }
    compared = await run(remote.estate, "compare_versions", asked)
    assert compared == await run(remote.sample, "compare_versions", asked)
    drifted: JsonObject = {**asked, "asset_ids": [row["asset_id"] for row in compared["drifted"]]}
    plan = await run(remote.estate, "generate_patch_plan", drifted)
    same = await run(remote.sample, "generate_patch_plan", drifted)
    assert plan["maintenance_window"] is None
    # Its own id and window apart: QL-RF knows of no window.
    for name in ("plan_id", "maintenance_window"):
        plan.pop(name)
        same.pop(name)
    assert plan == same


@pytest.mark.parametrize(
    ("name", "params", "said"),
    [
        ("scan_vulnerabilities", {"asset_ids": ["web-prod-euw1-01"]}, "does not say which packages"),
        ("check_exposure", {"asset_ids": ["web-prod-euw1-01"]}, "does not say which ports"),
        ("list_cve_alerts", {}, "keeps no scanner's findings"),
        ("calculate_blast_radius", {"asset_ids": ["web-prod-euw1-01"]}, "which service needs which"),
        ("calculate_risk_score", {"asset_ids": ["web-prod-euw1-01"], "change_type": "restart"}, "no path for this"),
        (
            "check_health",
            {"asset_ids": ["web-prod-euw1-01"], "checks": [{"kind": "heartbeat"}]},
            "no path for this. Nothing was read or changed",
        ),
        ("generate_image_contract", {"name": "web-base", "os": "ubuntu", "purpose": "x"}, "no standard for images"),
        ("query_logs", {}, "keeps no logs"),
        (
            "execute_rollout_prod",
            {"asset_ids": ["web-prod-euw1-01"], "target_image_id": "img"},
            "no path for this. Nothing was read or changed",
        ),
    ],
)
async def test_what_it_does_not_know_is_an_error_and_not_an_absence(
    remote: Remote, name: str, params: JsonObject, said: str
) -> None:
    with pytest.raises(CallRefused) as refused:
        await run(remote.estate, name, params)
    assert refused.value.failure.kind == "tool_error"
    assert said in refused.value.failure.message
    assert "QL-RF" in refused.value.failure.message
