"""`generate_patch_plan`: the phases, the way back and the expectations of a rollout, from today's estate."""

from __future__ import annotations

from collections import defaultdict

from tools.base import ToolContext, ToolError
from tools.contracts.common import Environment, digest_of
from tools.contracts.estate import Asset, Image
from tools.contracts.plan import AssetExpectation, Rollback, RollbackCondition
from tools.contracts.rollout import VersionComparison
from tools.drift.models import GeneratePatchPlanInput, GeneratePatchPlanOutput
from tools.drift.phases import DEFAULT_CHECKS, Rollout, rollout_action
from tools.drift.versions import Family, family_of_image, standing_of, target_of
from tools.lookup import callers_assets, listed

FAILED_ASSETS_PERCENT = 10.0
"""Of a phase's assets: above it, the plan is rolled back even where the health checks pass."""


async def generate_patch_plan(given: GeneratePatchPlanInput, context: ToolContext) -> GeneratePatchPlanOutput:
    """A pure function of the parameters, the task and the estate's rows; nothing is changed."""
    family, target = await family_of_image(given.target_image_id, context)
    asked = list(dict.fromkeys(given.asset_ids))
    known = await callers_assets(asked, context)
    if missing := [asset_id for asset_id in asked if asset_id not in known]:
        raise ToolError(f"No plan was written. These assets are not in the estate: {listed(missing)}.")
    assets = [known[asset_id] for asset_id in asked]
    environment = _one_environment(assets)
    _require_rollout_target(target, environment)
    comparisons = _require_drifted(assets, family, target)
    sites = sorted({asset.site for asset in assets if asset.site})
    rollout = Rollout(
        image_id=target.id,
        environment=environment,
        canary_size=given.canary_size,
        max_batch_percent=given.max_batch_percent,
        wait_seconds=given.wait_seconds,
        checks=given.health_checks or list(DEFAULT_CHECKS),
    )
    draft = GeneratePatchPlanOutput(
        plan_id="plan",
        environment=environment,
        target_image=target_of(target),
        phases=rollout.phases(assets),
        rollback=_rollback(assets, family, environment=environment),
        expectations=[
            AssetExpectation(
                asset_id=asset.id,
                fingerprint=asset.fingerprint,
                from_version=comparison.current_version,
                to_version=target.version,
            )
            for asset, comparison in zip(assets, comparisons, strict=True)
        ],
        version_comparison=comparisons,
        maintenance_window=await context.estate.maintenance_window(context.caller.org, environment, sites),
    )
    plan = draft.model_copy(update={"plan_id": _plan_id(given, draft, context)})
    await context.plans.put(context.caller.org, context.task_id, plan.plan_id, plan.model_dump(mode="json"))
    return plan


def _plan_id(given: GeneratePatchPlanInput, draft: GeneratePatchPlanOutput, context: ToolContext) -> str:
    content = digest_of(
        {
            "org": context.caller.org,
            "task": context.task_id,
            "parameters": given.model_dump(mode="json"),
            "result": draft.model_dump(mode="json"),
        }
    )
    return f"plan-{content.removeprefix('sha256:')[:16]}"


def _one_environment(assets: list[Asset]) -> Environment:
    by_environment: dict[Environment, list[str]] = defaultdict(list)
    for asset in assets:
        by_environment[asset.environment].append(asset.id)
    if len(by_environment) > 1:
        found = "; ".join(f"{name}: {listed(ids)}" for name, ids in sorted(by_environment.items()))
        raise ToolError(f"No plan was written. A plan is for one environment; these assets are in several: {found}.")
    return assets[0].environment


def _require_rollout_target(target: Image, environment: Environment) -> None:
    """An image that may not be rolled out makes no plan. Raises `ToolError`."""
    named = f"{target.family} {target.version}"
    if not target.signed:
        raise ToolError(f"No plan was written. {named} is not signed; use the image get_golden_image returns.")
    if target.status in ("draft", "deprecated") or (environment == "production" and target.status != "production"):
        raise ToolError(
            f"No plan was written. {named} has status {target.status!r}, which may not be rolled out to {environment}."
        )


def _require_drifted(assets: list[Asset], family: Family, target: Image) -> list[VersionComparison]:
    standings = [standing_of(asset, family, target) for asset in assets]
    obstacles = [
        f"{standing.asset.id} {standing.obstacle or f'runs {target.version} already'}"
        for standing in standings
        if standing.comparison is None
    ]
    if obstacles:
        raise ToolError(
            "No plan was written. Leave these assets out (compare_versions tells which are drifted): "
            f"{listed(obstacles, at_most=20)}."
        )
    return [standing.comparison for standing in standings if standing.comparison]


def _rollback(assets: list[Asset], family: Family, *, environment: Environment) -> Rollback:
    """One action for each image that assets came from: back to exactly that."""
    previous: dict[str, list[str]] = defaultdict(list)
    for asset in assets:
        image = family.by_version(asset.image_version)
        if image is None:
            raise ToolError(f"No plan was written. {asset.id} runs an unknown version: it could not be rolled back.")
        previous[image.id].append(asset.id)
    return Rollback(
        conditions=[
            RollbackCondition(kind="health_check_failed"),
            RollbackCondition(kind="failed_assets_percent", threshold=FAILED_ASSETS_PERCENT),
        ],
        actions=[
            rollout_action(f"r{number}", sorted(ids), image_id, environment=environment, rollback=True)
            for number, (image_id, ids) in enumerate(sorted(previous.items()), start=1)
        ],
    )
