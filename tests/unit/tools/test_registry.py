"""The registry: unique names, scopes that can be checked, schemas that models and policies see."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tools.contracts.common import Contract
from tools.drift import drift_tools
from tools.registry import ToolRegistry, build_registry


class NamesAnOrg(Contract):
    org_id: str


def test_the_drift_agents_tools_are_there_with_their_risks() -> None:
    catalog = build_registry().catalog()
    assert {tool.name: catalog[tool.name]["risk"] for tool in drift_tools()} == {
        "check_health": "read_only",
        "compare_versions": "read_only",
        "execute_rollout_nonprod": "state_change_nonprod",
        "execute_rollout_prod": "state_change_prod",
        "generate_patch_plan": "plan_only",
        "get_drift_status": "read_only",
        "get_golden_image": "read_only",
        "query_assets": "read_only",
        "simulate_rollout": "plan_only",
    }


def test_every_input_schema_forbids_what_it_does_not_name() -> None:
    for name, entry in build_registry().catalog().items():
        assert entry["input_schema"]["additionalProperties"] is False, name


def test_a_name_that_is_taken_is_refused() -> None:
    registry = build_registry()
    with pytest.raises(ValueError, match="registered already"):
        registry.add(drift_tools()[0])


def test_a_tool_that_takes_an_org_is_refused() -> None:
    tool = replace(drift_tools()[0], name="leak", input=NamesAnOrg)
    with pytest.raises(ValueError, match="from the caller only"):
        ToolRegistry().add(tool)


def test_an_asset_tool_without_asset_ids_is_refused() -> None:
    tool = replace(drift_tools()[0], name="vague", scope="asset")
    vague = ToolRegistry()
    vague.add(tool)
    with pytest.raises(ValueError, match="asset_ids"):
        vague.add(replace(tool, name="vaguer", input=drift_tools()[1].input))
