"""What `generate_patch_plan` writes, judged by the shipped policies: they speak of the same phases."""

from __future__ import annotations

from typing import Any

import pytest

from policies.build import open_engine
from tests.unit.tools.bench import NOW, ORG, Bench
from tools.contracts.outputs.drift import DriftRemediationPlan


async def refused_rules(bench: Bench, **choices: Any) -> set[str]:
    """The rules that refuse the plan these choices make; empty when it is allowed."""
    written = await bench.plan(**choices)
    simulated = await bench.output("simulate_rollout", {"plan_id": written["plan_id"]})
    plan = DriftRemediationPlan.model_validate(
        {
            "org": ORG,
            "task_id": "task-1",
            "revision": 1,
            "summary": "Bring drifted production web servers to the golden image.",
            "environment": written["environment"],
            "asset_ids": [row["asset_id"] for row in written["expectations"]],
            "evidence": [],
            "simulation": simulated["simulation"],
            **{
                name: written[name]
                for name in (
                    "phases",
                    "rollback",
                    "maintenance_window",
                    "expectations",
                    "target_image",
                    "version_comparison",
                )
            },
        }
    )
    engine = await open_engine(None)
    decision = await engine.decide(
        "ql.ai.safety",
        {
            "org": ORG,
            "now": NOW.isoformat(),
            "caller": {"org": ORG, "user": "U1", "roles": ["operator"]},
            "task": {"environment": "production"},
            "tools": {name: entry["risk"] for name, entry in bench.registry.catalog().items()},
            "plan": plan.model_dump(mode="json"),
            "freezes": [],
        },
    )
    await engine.aclose()
    return {entry["rule"] for entry in decision["deny"]}


async def test_a_careful_plan_is_allowed(bench: Bench) -> None:
    assert await refused_rules(bench, canary_size=1, max_batch_percent=20, wait_seconds=60) == set()


@pytest.mark.parametrize(
    ("choices", "rule"),
    [
        ({"max_batch_percent": 50}, "plan.batch_too_large"),
        ({"canary_size": 8}, "plan.canary_too_large"),
        ({"wait_seconds": 0}, "plan.no_canary_wait"),
    ],
)
async def test_a_choice_that_breaks_policy_is_refused_by_its_rule(
    bench: Bench, choices: dict[str, Any], rule: str
) -> None:
    assert rule in await refused_rules(bench, **choices)
