"""The calls of a run: through the one dispatcher, those that change something under a grant for exactly them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bot.ledger.soon import Soon
from bot.workflows.activities.observing import call_id
from bot.workflows.messages import Proposal
from bot.workflows.workbench import Workbench
from policies.engine import PolicyUnavailable
from tools.base import ToolCall, ToolResult
from tools.contracts.change import ChangeOutput
from tools.contracts.common import JsonObject
from tools.contracts.grant import ExecutionGrant
from tools.contracts.identity import Caller
from tools.contracts.plan import Action
from tools.grants import sign_grant
from tools.resources import named_resources

GRANT_LIFE = timedelta(minutes=15)


@dataclass(frozen=True)
class Changed:
    """What one call came to."""

    failure: str | None
    """Of the call as a whole; None: see the assets."""
    amiss: dict[str, str] = field(default_factory=dict[str, str])
    """Asset → why it is not as it was to be."""

    @property
    def ok(self) -> bool:
        return self.failure is None and not self.amiss

    def sentence(self) -> str:
        return self.failure or "; ".join([f"{asset}: {why}" for asset, why in self.amiss.items()][:5])


@dataclass(frozen=True)
class Calls:
    """On behalf of the person who asked."""

    bench: Workbench
    proposal: Proposal
    caller: Caller
    approvers: Sequence[str]
    """Who approved, for grants."""

    def grant(self, phase: str, actions: Sequence[Action]) -> ExecutionGrant:
        """For exactly these calls' tools, assets and resources, and not for long."""
        plan = self.proposal.plan
        return sign_grant(
            ExecutionGrant(
                org=plan.org,
                task_id=plan.task_id,
                plan_digest=plan.digest,
                policy_digest=self.proposal.report.policy_digest or "",
                environment=plan.environment,
                phase=phase,
                tools=sorted({action.tool for action in actions}),
                asset_ids=sorted({asset for action in actions for asset in action.asset_ids}),
                resource_ids=sorted({name for action in actions for name in named_resources(action.params)}),
                expires_at=self.bench.now() + GRANT_LIFE,
                approvers=list(self.approvers),
                # Nobody approved: by which mode.
                waiver="" if self.approvers else self.proposal.waiver,
            ),
            self.bench.grant_key,
        )

    async def change(self, action: Action, grant: ExecutionGrant, *, name: str) -> Changed:
        """Make one change, once, however often this is called.

        Raises `PolicyUnavailable` when something was away: the same call again, with the same id, repeats nothing.
        """
        plan = self.proposal.plan
        result = await self._dispatch(action.tool, action.params, call=call_id(plan, name, action), grant=grant)
        if result.failure is not None:
            return Changed(result.failure.message)
        tool = self.bench.registry.get(action.tool)
        output = tool.output.model_validate(result.output) if tool is not None else None
        if not isinstance(output, ChangeOutput):
            return Changed(f"{action.tool} did not say what it changed.")
        if other := [each for each in named_resources(result.output or {}) if each not in action.resource_ids]:
            return Changed(f"{action.tool} changed {', '.join(other)}, which this step does not name.")
        outcomes = {outcome.asset_id: outcome for outcome in output.outcomes}
        # No answer is not success.
        silent = {asset: "no outcome was reported" for asset in action.asset_ids if asset not in outcomes}
        return Changed(None, silent | {asset: row.message for asset, row in outcomes.items() if not row.ok})

    async def read(self, tool: str, params: JsonObject, *, name: str) -> ToolResult:
        """A call that changes nothing. `name`: of this call within the run. Raises `PolicyUnavailable`."""
        plan = self.proposal.plan
        return await self._dispatch(tool, params, call=f"{plan.task_id}:r{plan.revision}:{name}", grant=None)

    async def _dispatch(self, tool: str, params: JsonObject, *, call: str, grant: ExecutionGrant | None) -> ToolResult:
        plan = self.proposal.plan
        result = await self.bench.dispatcher(Soon(self.bench.ledger)).dispatch(
            ToolCall(
                id=call,
                tool=tool,
                params=params,
                caller=self.caller,
                task_id=plan.task_id,
                allowed_tools=frozenset({tool}),
                environment=plan.environment,
                grant=grant,
            )
        )
        if result.failure is not None and result.failure.kind == "unavailable":
            # Away is not failed.
            raise PolicyUnavailable(result.failure.message)
        return result
