"""What the estate looks like now, against what was approved, and what this task itself has begun to change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.workflows.messages import PhaseInput
from bot.workflows.workbench import Workbench
from tools.connectors.base import AssetQuery
from tools.contracts.estate import Asset
from tools.contracts.plan import Action, Phase, Plan, ResourceExpectation
from tools.guards.ledger import intent_key
from tools.resources import observe, state_after


@dataclass(frozen=True)
class Touched:
    """What was changed, or may have been."""

    assets: list[str] = field(default_factory=list[str])
    resources: list[str] = field(default_factory=list[str])

    def __bool__(self) -> bool:
        return bool(self.assets or self.resources)

    @classmethod
    def by(cls, actions: Iterable[Action]) -> Touched:
        """All that these calls would change, each once, in order. The machines of a recovery pair are not changed
        themselves, and neither is the one that an alert is about."""
        found = list(actions)
        themselves = [action for action in found if not action.resource_ids]
        return cls(
            assets=list(dict.fromkeys(asset for action in themselves for asset in action.asset_ids)),
            resources=list(dict.fromkeys(resource for action in found for resource in action.resource_ids)),
        )


def call_id(plan: Plan, name: str, action: Action) -> str:
    """The idempotency key of one action, however often it is called. `name`: `p0` for the first phase, `undo0` for what
    undoes it."""
    return f"{plan.task_id}:r{plan.revision}:{name}:{action.id}"


async def begun(bench: Workbench, plan: Plan, phases: Iterable[int]) -> Touched:
    """What of these phases (by index) is on record as begun: it may have happened, and only by us."""
    intents = {
        intent_key(call_id(plan, f"p{index}", action)): action
        for index in phases
        for action in plan.phases[index].actions
    }
    known = await bench.ledger.known(plan.org, plan.task_id, list(intents)) if intents else frozenset[str]()
    return Touched.by(action for key, action in intents.items() if key in known)


async def not_as_approved(bench: Workbench, message: PhaseInput, ours: Touched) -> list[str]:
    """Assets and resources that are not as they must be before the phase starts, or starts again after a crash.

    Untouched ones must be as they were at planning; those of finished phases as the plan wanted them; those that an
    earlier attempt has begun to change (`ours`) may be either. A change to the target by anybody else is not as
    approved.
    """
    plan, org = message.proposal.plan, message.request.org
    return [*await _assets_amiss(bench, message, ours), *await resources_amiss(bench, plan, message.index, ours, org)]


async def _assets_amiss(bench: Workbench, message: PhaseInput, ours: Touched) -> list[str]:
    plan = message.proposal.plan
    observed = await _observed(bench, message.request.org, plan.asset_ids)
    finished = {asset for phase in plan.phases[: message.index] if phase.actions for asset in phase.asset_ids}
    wrong: list[str] = []
    for expected in plan.expectations:
        asset = observed.get(expected.asset_id)
        done = asset is not None and asset.image_version == expected.to_version
        untouched = asset is not None and asset.fingerprint == expected.fingerprint
        as_approved = done if expected.asset_id in finished else untouched
        if not (as_approved or (done and expected.asset_id in ours.assets)):
            wrong.append(expected.asset_id)
    return wrong


async def resources_amiss(bench: Workbench, plan: Plan, index: int, ours: Touched, org: str) -> list[str]:
    """Of the plan's resources, before its phase `index`."""
    wrong: list[str] = []
    for expected in plan.resources:
        now = await observe(bench.estate, org, expected.kind, expected.id)
        due = state_before(expected, plan.phases[:index])
        as_approved = now.fingerprint == expected.fingerprint if due is None else now.state == due
        # Of a phase that changes it in two steps, an attempt may have come as far as the first.
        reached = now.state in _states(expected, plan.phases[index].actions, due)
        if not (as_approved or (reached and expected.id in ours.resources)):
            wrong.append(expected.id)
    return wrong


def state_before(expected: ResourceExpectation, finished: Sequence[Phase]) -> str | None:
    """What the finished phases have made of a resource; None: they did not touch it."""
    states = _states(expected, [action for phase in finished for action in phase.actions], None)
    return states[-1] if states else None


def _states(expected: ResourceExpectation, actions: Iterable[Action], before: str | None) -> list[str]:
    """The state after each of the calls that change the resource."""
    states = [expected.from_state if before is None else before]
    for action in actions:
        if expected.id in action.resource_ids:
            states.append(state_after(action.tool, action.params, before=states[-1]))
    return states[1:]


async def _observed(bench: Workbench, org: str, asset_ids: list[str]) -> dict[str, Asset]:
    found: dict[str, Asset] = {}
    for start in range(0, len(asset_ids), 500):
        query = AssetQuery(ids=asset_ids[start : start + 500])
        assets, _ = await bench.estate.assets(org, query, limit=500, cursor=None)
        found.update({asset.id: asset for asset in assets})
    return found
