"""The drift tools' registry entries. The descriptions are what a model chooses by."""

from __future__ import annotations

from tools.base import Tool
from tools.drift import models
from tools.drift.health import check_health
from tools.drift.inventory import compare_versions, get_drift_status, get_golden_image, query_assets
from tools.drift.planning import generate_patch_plan
from tools.drift.rollout import execute_rollout_nonprod, execute_rollout_prod
from tools.drift.simulation import simulate_rollout

READ_SECONDS = 20.0
PLAN_SECONDS = 30.0
CHANGE_SECONDS = 300.0


def drift_tools() -> list[Tool]:
    """The drift agent's tools, and the two that only an approved plan reaches."""
    return [*_reading(), *_planning(), *_changing()]


def _reading() -> list[Tool]:
    return [
        Tool(
            name="query_assets",
            description=(
                "Lists assets in id order: id, name, environment, platform, site, image family and version, state,"
                " tags. Narrow with tags such as role=web. `environment` defaults to the task's. `total` counts this"
                " page only; pass `next_cursor` as `cursor` for more. It does not say what is drifted."
            ),
            input=models.QueryAssetsInput,
            output=models.QueryAssetsOutput,
            risk="read_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=query_assets,
        ),
        Tool(
            name="get_golden_image",
            description=(
                "The image a family should run: its newest signed production version, published on `platform` when"
                " one is named. Fails, and lists the families, when there is none."
            ),
            input=models.GetGoldenImageInput,
            output=models.GetGoldenImageOutput,
            risk="read_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=get_golden_image,
        ),
        Tool(
            name="get_drift_status",
            description=(
                "How many running assets are on their golden image, by environment, platform and image family."
                " `environment` defaults to the task's. Counts only; query_assets and compare_versions name the"
                " assets."
            ),
            input=models.GetDriftStatusInput,
            output=models.GetDriftStatusOutput,
            risk="read_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=get_drift_status,
        ),
        Tool(
            name="compare_versions",
            description=(
                "Compares assets with a target image: which are drifted and by how many releases, which are"
                " compliant, which cannot be compared (another family, not running, not published there, unknown or"
                " newer version) and must be left out of a plan."
            ),
            input=models.CompareVersionsInput,
            output=models.CompareVersionsOutput,
            risk="read_only",
            scope="asset",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=compare_versions,
        ),
        Tool(
            name="check_health",
            description=(
                "Runs typed checks on assets once, now, and lists what fails. `version_matches` needs"
                " `target_version`; `error_rate_below` needs a threshold in percent. It does not wait."
            ),
            input=models.CheckHealthInput,
            output=models.CheckHealthOutput,
            risk="read_only",
            scope="asset",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=check_health,
        ),
    ]


def _planning() -> list[Tool]:
    return [
        Tool(
            name="generate_patch_plan",
            description=(
                "Writes a phased rollout of one image to drifted, running assets of one environment: canary, wait,"
                " waves of at most `max_batch_percent`, verification, and the way back. Changes nothing and judges"
                " nothing. Fails, and names them, when assets do not belong in it."
            ),
            input=models.GeneratePatchPlanInput,
            output=models.GeneratePatchPlanOutput,
            risk="plan_only",
            scope="asset",
            idempotent=True,
            timeout_seconds=PLAN_SECONDS,
            run=generate_patch_plan,
        ),
        Tool(
            name="simulate_rollout",
            description=(
                "Predicts a generated plan's failures, duration and loss of capacity per site from the estate's"
                " data. Takes the `plan_id` of generate_patch_plan. Changes nothing."
            ),
            input=models.SimulateRolloutInput,
            output=models.SimulateRolloutOutput,
            risk="plan_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=PLAN_SECONDS,
            run=simulate_rollout,
        ),
    ]


def _changing() -> list[Tool]:
    return [
        Tool(
            name="execute_rollout_nonprod",
            description=(
                "Rebuilds development or staging assets on an image (`rollback`: back to a previous one). Only an"
                " approved plan's execution reaches it."
            ),
            input=models.ExecuteRolloutInput,
            output=models.ExecuteRolloutOutput,
            risk="state_change_nonprod",
            scope="asset",
            idempotent=True,
            timeout_seconds=CHANGE_SECONDS,
            run=execute_rollout_nonprod,
        ),
        Tool(
            name="execute_rollout_prod",
            description=(
                "Rebuilds production assets on an image (`rollback`: back to a previous one). Only an approved"
                " plan's execution reaches it."
            ),
            input=models.ExecuteRolloutInput,
            output=models.ExecuteRolloutOutput,
            risk="state_change_prod",
            scope="asset",
            idempotent=True,
            timeout_seconds=CHANGE_SECONDS,
            run=execute_rollout_prod,
        ),
    ]
