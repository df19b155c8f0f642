"""Where `generate_patch_plan` leaves a plan for `simulate_rollout`."""

from __future__ import annotations

from tools.contracts.common import JsonObject


class InvestigationPlans:
    """A :class:`tools.base.PlanStore` for one investigation, in memory.

    It needs no durability: a plan is a pure function of its parameters and the estate, so an investigation that
    is retried on another worker writes the same plan under the same id again.
    """

    def __init__(self) -> None:
        self._plans: dict[tuple[str, str, str], JsonObject] = {}

    async def put(self, org: str, task_id: str, plan_id: str, plan: JsonObject) -> None:
        self._plans[org, task_id, plan_id] = plan

    async def get(self, org: str, task_id: str, plan_id: str) -> JsonObject | None:
        return self._plans.get((org, task_id, plan_id))
