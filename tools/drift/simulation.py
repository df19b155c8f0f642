"""`simulate_rollout`: what the estate's own data predicts of a plan's phases. Nothing is changed."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict

from tools.base import ToolContext, ToolError
from tools.connectors.base import AssetQuery
from tools.contracts.common import digest_of
from tools.contracts.estate import Asset, AssetHealth
from tools.contracts.plan import Phase
from tools.contracts.rollout import Simulation
from tools.drift.models import GeneratePatchPlanOutput, SimulateRolloutInput, SimulateRolloutOutput
from tools.drift.versions import family_of_image
from tools.lookup import all_assets, callers_assets, listed

PHASE_SECONDS = 90
ASSET_SECONDS = 15
CHECK_SECONDS = 5
"""The estimate: a phase takes 90 s (drain, rebuild, boot: its assets go together), 15 s more for each asset, and
each asset's checks 5 s."""

MAX_SITE_WARNINGS = 20


async def simulate_rollout(given: SimulateRolloutInput, context: ToolContext) -> SimulateRolloutOutput:
    """Raises `ToolError` for a plan this task did not write."""
    stored = await context.plans.get(context.caller.org, context.task_id, given.plan_id)
    if stored is None:
        raise ToolError(
            f"This task has no plan {given.plan_id!r}. Call generate_patch_plan and use the `plan_id` it returns."
        )
    plan = GeneratePatchPlanOutput.model_validate(stored)
    asset_ids = [expectation.asset_id for expectation in plan.expectations]
    assets = await callers_assets(asset_ids, context)
    obstacles, tight = await asyncio.gather(
        _obstacles(plan, assets, context), _capacity_warnings(plan, assets, context)
    )
    warnings = [*(f"{asset_id}: {reason}" for asset_id, reason in sorted(obstacles.items())), *tight]
    if plan.maintenance_window is None:
        warnings.append("No change window is known in which all of these sites may be changed.")
    duration = sum(_seconds(phase) for phase in plan.phases)
    content = digest_of({"plan": plan.plan_id, "warnings": warnings, "failures": sorted(obstacles)})
    return SimulateRolloutOutput(
        simulation=Simulation(
            id=f"sim-{content.removeprefix('sha256:')[:16]}",
            simulated_assets=len(asset_ids),
            predicted_failures=len(obstacles),
            predicted_duration_seconds=duration,
            warnings=warnings,
        )
    )


async def _obstacles(plan: GeneratePatchPlanOutput, assets: dict[str, Asset], context: ToolContext) -> dict[str, str]:
    """Asset id → why changing it would fail, from its present row and health."""
    _, target = await family_of_image(plan.target_image.id, context)
    health = {row.asset_id: row for row in await context.estate.health(context.caller.org, sorted(assets))}
    found: dict[str, str] = {}
    for expectation in plan.expectations:
        asset = assets.get(expectation.asset_id)
        row = health.get(expectation.asset_id)
        if asset is None:
            found[expectation.asset_id] = "is no longer in the estate"
        elif asset.state != "running":
            found[asset.id] = f"is {asset.state}: it cannot be rebuilt in place"
        elif asset.platform not in target.platforms:
            found[asset.id] = f"{target.family} {target.version} is not published on {asset.platform}"
        elif asset.fingerprint != expectation.fingerprint:
            found[asset.id] = "has changed since the plan was written"
        elif reason := _ill(row):
            found[asset.id] = reason
    return found


def _ill(row: AssetHealth | None) -> str:
    if row is None:
        return "has no health data"
    if not row.heartbeat:
        return "sends no heartbeat before the change"
    return "" if row.http_ok else "fails its HTTP check before the change"


async def _capacity_warnings(
    plan: GeneratePatchPlanOutput, assets: dict[str, Asset], context: ToolContext
) -> list[str]:
    """N+1: a site survives the loss of one asset of a fleet. The worst phase of each site that takes more."""
    sites = sorted({asset.site for asset in assets.values() if asset.site})
    query = AssetQuery(
        environment=plan.environment, image_family=plan.target_image.family, sites=sites, state="running"
    )
    fleet = Counter(asset.site for asset in await all_assets(context.estate, context.caller.org, query) if asset.site)
    losses: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for phase in plan.phases:
        if phase.type not in ("canary", "wave"):
            continue
        taken = Counter(
            asset.site for asset_id in phase.asset_ids if (asset := assets.get(asset_id)) is not None and asset.site
        )
        for site, count in taken.items():
            losses[site].append((count, phase.name))
    warnings: list[str] = []
    for site, phases in sorted(losses.items()):
        count, name = max(phases, key=lambda loss: loss[0])
        if count > 1 or count >= fleet[site]:
            warnings.append(
                f"{site}: phase {name!r} takes {count} of {fleet[site]} {plan.target_image.family} assets out at once;"
                " N+1 spares one."
            )
    return warnings if len(warnings) <= MAX_SITE_WARNINGS else [*warnings[:MAX_SITE_WARNINGS], _more(losses)]


def _more(losses: dict[str, list[tuple[int, str]]]) -> str:
    return f"More sites lose capacity: {listed(sorted(losses))}."


def _seconds(phase: Phase) -> int:
    if phase.type == "wait":
        return phase.wait_seconds
    checks = CHECK_SECONDS * len(phase.asset_ids) if phase.health_checks else 0
    return checks + (PHASE_SECONDS + ASSET_SECONDS * len(phase.asset_ids) if phase.actions else 0)
