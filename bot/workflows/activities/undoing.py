"""The way back: what a run changed is undone, the last change first, by the actions that were approved for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.blocks.words import plural
from bot.workflows.activities.calling import Calls
from bot.workflows.activities.observing import Touched
from tools.contracts.plan import Action, Plan


@dataclass(frozen=True)
class Undone:
    """What the way back came to."""

    assets: list[str]
    """That were to be put back."""
    failed: dict[str, str] = field(default_factory=dict[str, str])
    """Asset or resource → why it is not back."""
    left: list[str] = field(default_factory=list[str])
    """Resources that stay as they are, as the plan said they would."""
    back: list[str] = field(default_factory=list[str])
    """Resources that were put back."""
    note: str = ""

    def sentence(self) -> str:
        """For people: what is back, what stays, and what to look at."""
        said: list[str] = []
        if self.assets:
            good = sum(asset not in self.failed for asset in self.assets)
            said.append(f"{good} of {plural(len(self.assets), 'asset')} are back on their earlier image.")
        if self.back:
            said.append(f"Put back: {', '.join(self.back[:5])}.")
        if self.left:
            said.append(f"Left as they are: {', '.join(self.left[:5])}. {self.note}")
        if self.failed:
            rows = [f"{name}: {why}" for name, why in self.failed.items()]
            said.append(f"Look at these now: {'; '.join(rows[:5])}")
        return " ".join(said) or "No change had been begun."


async def undo(calls: Calls, touched: Touched) -> Undone:
    """Undo exactly what was touched. Raises `PolicyUnavailable`: the same again repeats nothing."""
    plan = calls.proposal.plan
    failed: dict[str, str] = {}
    tried = Touched()
    for index, actions in _latest_first(plan, touched):
        for action in actions:
            changed = await calls.change(action, calls.grant("Rollback", [action]), name=f"undo{index}")
            tried.assets.extend(action.asset_ids)
            tried.resources.extend(action.resource_ids)
            if changed.failure is not None:
                failed |= dict.fromkeys([*action.asset_ids, *action.resource_ids], changed.failure)
            elif changed.amiss:
                failed |= changed.amiss | dict.fromkeys(action.resource_ids, changed.sentence())
    assets = touched.assets
    stay = [resource for resource in touched.resources if resource not in tried.resources]
    missed = [asset for asset in assets if asset not in tried.assets] + ([] if plan.rollback.note else stay)
    failed |= dict.fromkeys(missed, "no rollback was approved for it")
    return Undone(
        assets=assets,
        # Machines that moved with a recovery pair are where the pair is: the pair says what became of them.
        failed={name: why for name, why in failed.items() if name in {*assets, *touched.resources}},
        left=stay if plan.rollback.note else [],
        back=[resource for resource in tried.resources if resource not in failed],
        note=plan.rollback.note,
    )


def _latest_first(plan: Plan, touched: Touched) -> Iterator[tuple[int, list[Action]]]:
    """The rollback's actions for what each phase touched, narrowed to it; of the last phase first."""
    assets, resources = set(touched.assets), set(touched.resources)
    for index in range(len(plan.phases) - 1, -1, -1):
        of_phase = Touched.by(plan.phases[index].actions)
        mine, named = assets.intersection(of_phase.assets), resources.intersection(of_phase.resources)
        assets -= mine
        resources -= named
        actions = [
            *(_narrowed(action, mine) for action in plan.rollback.actions if not action.resource_ids),
            # What moves as a whole is put back as a whole, with the parameters that were approved.
            *(action for action in plan.rollback.actions if named.intersection(action.resource_ids)),
        ]
        yield index, [action for action in actions if action.asset_ids or action.resource_ids]


def _narrowed(action: Action, assets: set[str]) -> Action:
    kept = [asset for asset in action.asset_ids if asset in assets]
    params = {**action.params, "asset_ids": kept, "rollback": True}
    return action.model_copy(update={"asset_ids": kept, "params": params})
