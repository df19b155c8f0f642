"""`gavel demo --agent`: every agent's scene over the real socket, all on one stack."""

from __future__ import annotations

import pytest

from bot.local.demo_agents import scenes
from tests.scenarios.test_demo import played

REPORTING = {"incident", "security", "compliance", "cost"}


@pytest.mark.timeout(600)
async def test_every_agent_plays_its_scene_on_an_estate_nobody_prepared() -> None:
    names = sorted(scenes())
    assert set(names) >= REPORTING
    chosen = [argument for name in names for argument in ("--agent", name)]
    status, events, errors = await played("--seed", "11", *chosen)
    summary = events[-1]
    assert (status, summary["event"], summary["error"]) == (0, "summary", None), errors
    scenarios = {scenario["name"]: scenario for scenario in summary["scenarios"]}
    assert sorted(scenarios) == names
    assert all(scenario["ledger_verified"] and scenario["plan_digest"] for scenario in scenarios.values())
    assert all(scenario["policy_verdict"].endswith("allowed") for scenario in scenarios.values())
    for name in REPORTING:
        told = scenarios[name]
        assert (told["outcome"], told["approver"], told["phases_run"]) == ("reported", [], 0)
        assert told["assets_changed"] == 0
        assert told["council_agreement"] > 0.7
