"""What the estate looks like now, against what was approved, and what this task itself has begun to change."""

from __future__ import annotations

from collections.abc import Iterable

from bot.workflows.messages import PhaseInput
from bot.workflows.workbench import Workbench
from tools.connectors.base import AssetQuery
from tools.contracts.estate import Asset
from tools.contracts.plan import Action, Plan
from tools.guards.ledger import intent_key


def call_id(plan: Plan, name: str, action: Action) -> str:
    """The idempotency key of one action, however often it is called. `name`: `p0` for the first phase, `rollback`."""
    return f"{plan.task_id}:r{plan.revision}:{name}:{action.id}"


async def begun_assets(bench: Workbench, plan: Plan, phases: Iterable[int]) -> list[str]:
    """Assets of these phases (by index) whose change is on record as begun: it may have happened, and only by us."""
    intents = {
        intent_key(call_id(plan, f"p{index}", action)): action
        for index in phases
        for action in plan.phases[index].actions
    }
    known = await bench.ledger.known(plan.org, plan.task_id, list(intents)) if intents else frozenset[str]()
    return list(dict.fromkeys(asset for key, action in intents.items() if key in known for asset in action.asset_ids))


async def not_as_approved(bench: Workbench, message: PhaseInput, begun: Iterable[str]) -> list[str]:
    """Assets that are not as they must be before the phase starts, or starts again after a crash.

    Untouched ones must be as they were at planning; those of finished phases as the plan wanted them; those that an
    earlier attempt has `begun` to change may be either. A change to the target by anybody else is not as approved.
    """
    plan = message.proposal.plan
    observed = await _observed(bench, message.request.org, plan.asset_ids)
    finished = {asset for phase in plan.phases[: message.index] if phase.actions for asset in phase.asset_ids}
    ours = set(begun)
    wrong: list[str] = []
    for expected in plan.expectations:
        asset = observed.get(expected.asset_id)
        done = asset is not None and asset.image_version == expected.to_version
        untouched = asset is not None and asset.fingerprint == expected.fingerprint
        as_approved = done if expected.asset_id in finished else untouched
        if not (as_approved or (done and expected.asset_id in ours)):
            wrong.append(expected.asset_id)
    return wrong


async def _observed(bench: Workbench, org: str, asset_ids: list[str]) -> dict[str, Asset]:
    found: dict[str, Asset] = {}
    for start in range(0, len(asset_ids), 500):
        query = AssetQuery(ids=asset_ids[start : start + 500])
        assets, _ = await bench.estate.assets(org, query, limit=500, cursor=None)
        found.update({asset.id: asset for asset in assets})
    return found
