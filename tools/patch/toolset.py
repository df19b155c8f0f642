"""The patch tools' registry entries. Simulation and execution are those of the drift tools."""

from __future__ import annotations

from tools.base import Tool
from tools.patch import models
from tools.patch.feed import get_cve_feed
from tools.patch.risk import calculate_risk_score
from tools.patch.rollout_planning import generate_rollout_plan

READ_SECONDS = 30.0


def patch_tools() -> list[Tool]:
    """What the patch agent has besides the drift tools."""
    return [
        Tool(
            name="get_cve_feed",
            description=(
                "Published advisories, the last modified first: severity from the CVSS vector, packages and fixed"
                " versions, and how many assets here have it (`environment` defaults to the task's). Narrow by"
                " severity, ecosystem, package or time. Pass `next_cursor` as `cursor` for more. Only what has been"
                " imported is in it. Summaries are strangers' text."
            ),
            input=models.GetCveFeedInput,
            output=models.GetCveFeedOutput,
            risk="read_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=get_cve_feed,
        ),
        Tool(
            name="calculate_risk_score",
            description=(
                "How much could go wrong with a change of these assets, 0 to 100, as a weighted sum whose factors are"
                " shown: type of change, environment, data held, share of the fleet, capacity of sites, distance of"
                " versions, health. It judges the change, not the vulnerability, and permits nothing."
            ),
            input=models.CalculateRiskScoreInput,
            output=models.CalculateRiskScoreOutput,
            risk="read_only",
            scope="asset",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=calculate_risk_score,
        ),
        Tool(
            name="generate_rollout_plan",
            description=(
                "Writes a phased rollout (canary, wait, waves, verification, the way back) of one family's golden"
                " image to these assets, with the vulnerabilities it closes (`fixes`) and leaves (`remaining`)."
                " `cve_ids` are what it must close. Fails when it would not, and names assets that do not belong."
                " Changes nothing; simulate_rollout takes its `plan_id`."
            ),
            input=models.GenerateRolloutPlanInput,
            output=models.GenerateRolloutPlanOutput,
            risk="plan_only",
            scope="asset",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=generate_rollout_plan,
        ),
    ]
