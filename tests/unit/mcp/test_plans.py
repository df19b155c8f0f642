"""No plan carries a call of an MCP server, and nothing registers one of its tools that changes state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policies.safety import SafetyGate
from tests.unit.mcp.good_server import good_server
from tests.unit.mcp.lab import lab, over_http, server_of
from tests.unit.policies.plans import CATALOG, make_context, make_estate, make_plan
from tools.contracts.common import ToolRisk
from tools.contracts.plan import Action

CALL = Action(id="m", tool="mcp__metrics__find", params={"text": "disk"}, asset_ids=[])


async def test_a_plan_that_names_a_servers_tool_is_refused() -> None:
    async with over_http(good_server()) as address, lab(server_of(address, "find")) as at:
        catalog = {**CATALOG, **at.registry.catalog()}
    plan = make_plan().model_dump(mode="json")
    plan["phases"][0]["actions"].append(CALL.model_dump(mode="json"))
    finding = await SafetyGate(make_estate(), catalog).judge(plan, make_context())
    assert "safety.tool_not_allowed" in {refusal.rule for refusal in finding.refusals}


@pytest.mark.parametrize("risk", ["state_change_nonprod", "state_change_prod"])
async def test_one_that_changes_state_is_not_registered(risk: ToolRisk) -> None:
    async with over_http(good_server()) as address, lab(server_of(address, "find")) as at:
        tool = at.registry.get("mcp__metrics__find")
        assert tool is not None
        with pytest.raises(ValueError, match="no plan can carry a call of it"):
            at.registry.add(replace(tool, name="mcp__metrics__other", risk=risk))
        assert at.registry.get("mcp__metrics__other") is None
