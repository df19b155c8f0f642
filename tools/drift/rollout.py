"""The tools that change the estate: a rollout, and the way back from one."""

from __future__ import annotations

from tools.base import ToolContext, ToolError
from tools.contracts.change import AssetOutcome
from tools.drift.models import ExecuteRolloutInput, ExecuteRolloutOutput
from tools.lookup import callers_assets, listed


async def execute_rollout_prod(given: ExecuteRolloutInput, context: ToolContext) -> ExecuteRolloutOutput:
    return await _execute(given, context, production=True)


async def execute_rollout_nonprod(given: ExecuteRolloutInput, context: ToolContext) -> ExecuteRolloutOutput:
    return await _execute(given, context, production=False)


async def _execute(given: ExecuteRolloutInput, context: ToolContext, *, production: bool) -> ExecuteRolloutOutput:
    """The call's id is the idempotency key: the same call again answers the same and changes nothing."""
    asset_ids = list(dict.fromkeys(given.asset_ids))
    known = await callers_assets(asset_ids, context)
    if missing := [asset_id for asset_id in asset_ids if asset_id not in known]:
        raise ToolError(f"Nothing was changed. These assets are not in the estate: {listed(missing)}.")
    # The dispatcher's scope guard says so too. A tool that changes production does not rely on one line elsewhere.
    if misplaced := [
        asset_id for asset_id in asset_ids if (known[asset_id].environment == "production") is not production
    ]:
        kind = "production" if production else "non-production"
        raise ToolError(f"Nothing was changed. This tool changes {kind} assets only; not: {listed(misplaced)}.")
    results = await context.estate.apply_image(
        context.caller.org,
        asset_ids,
        given.target_image_id,
        idempotency_key=context.call_id,
        kind="rollback" if given.rollback else "rollout",
    )
    answered = {result.asset_id: result for result in results}
    outcomes: list[AssetOutcome] = []
    for asset_id in asset_ids:
        result = answered.get(asset_id)
        if result is None:
            # No answer is not success.
            silent = f"{context.estate.name} did not say what became of this asset"
            outcomes.append(AssetOutcome(asset_id=asset_id, ok=False, image_version=None, message=silent))
            continue
        outcomes.append(
            AssetOutcome(asset_id=asset_id, ok=result.ok, image_version=result.image_version, message=result.message)
        )
    changed = sum(outcome.ok for outcome in outcomes)
    return ExecuteRolloutOutput(outcomes=outcomes, changed=changed, failed=len(outcomes) - changed)
