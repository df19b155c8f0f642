"""An edit of a plan on offer: who may, what of it is possible, and the task as it is then."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from temporalio import activity

from agents.editing import edited
from agents.refining import changes
from bot.blocks.message import sentence
from bot.workflows.activities.following_up import SHAPING_ROLES
from bot.workflows.activities.retrying import of_this_attempt, working
from bot.workflows.activities.whispering import whisper
from bot.workflows.follow_ups import EDIT_SENTENCES, FOLLOW_UP_SENTENCES, Turned
from bot.workflows.messages import EditInput, FollowedUp
from bot.workflows.workbench import Workbench
from tools.contracts.common import JsonObject
from tools.contracts.edit import EditProblem


@dataclass(frozen=True)
class Editing:
    bench: Workbench

    @activity.defn(name="edit_plan")
    async def edit_plan(self, message: EditInput) -> FollowedUp:
        """What the edit comes to. Runs nothing; only the workflow makes another revision of it."""
        async with working(self.bench, message.request, message.thread_ts):
            if not await self._may_shape(message):
                return await self._turn_away(message, "not_for_you", FOLLOW_UP_SENTENCES["not_for_you"])
            if message.fixed:
                return await self._turn_away(message, message.fixed, FOLLOW_UP_SENTENCES[message.fixed])
            spec = edited(message.spec, message.edit, assets=message.proposal.plan.asset_ids)
            if isinstance(spec, str):
                return await self._turn_away(message, spec, EDIT_SENTENCES[spec])
            heard = FollowedUp(kind="refined", spec=spec, changes=changes(message.spec, spec))
            await self._record("edited", message, {"changes": heard.changes, "task_spec": spec.model_dump(mode="json")})
            return heard

    async def _may_shape(self, message: EditInput) -> bool:
        if message.edit.user == message.request.user:
            return True
        return bool(SHAPING_ROLES & set(await self.bench.roles.roles_of(message.edit.user)))

    async def _turn_away(self, message: EditInput, why: Turned | EditProblem, told: str) -> FollowedUp:
        await self._record(why, message, {})
        await whisper(self.bench, message.request, message.thread_ts, user=message.edit.user, said=sentence(told))
        return FollowedUp(kind="turned_away")

    async def _record(self, outcome: str, message: EditInput, more: JsonObject) -> None:
        request, edit = message.request, message.edit
        asked = ("canary_size", "max_batch_percent", "wait_seconds", "without")
        await self.bench.ledger.record(
            "plan_edited",
            {
                "outcome": outcome,
                "revision": message.proposal.revision,
                **{name: value for name, value in asdict(edit).items() if name in asked},
                **more,
            },
            org=request.org,
            task_id=request.task_id,
            actor=edit.user,
            key=of_this_attempt(f"edit:{edit.unique}"),
        )
