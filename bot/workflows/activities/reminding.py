"""A plan that waits, brought to mind: one message for reminders, one that calls in the next role, both edited."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from bot.blocks.reminder import escalation, mentions, reminder, waits_no_more
from bot.roles import LADDER, Address, RolesUnavailable
from bot.thread import SlackRefused
from bot.workflows.activities.retrying import working
from bot.workflows.messages import Proposal, RemindInput, TaskRequest
from bot.workflows.workbench import Workbench
from tools.contracts.identity import Role


@dataclass(frozen=True)
class Reminding:
    bench: Workbench

    @activity.defn(name="remind")
    async def remind(self, message: RemindInput) -> str:
        """The ts of what was said. On record first. Only who may decide is called: an escalation widens nothing."""
        request, proposal = message.request, message.proposal
        which = "escalation" if message.escalates else "reminder"
        async with working(self.bench, request, message.thread_ts):
            role, called = await self._called(request, proposal, escalates=message.escalates)
            await self.bench.ledger.record(
                "approval_escalated" if message.escalates else "approval_reminded",
                {"revision": proposal.revision, "role": role, "approvals": proposal.approvals},
                org=request.org,
                task_id=request.task_id,
                actor="gavel",
                key=f"{which}:{message.key}",
            )
            said = (escalation if message.escalates else reminder)(
                called=called,
                role=role,
                missing=proposal.requirement.quorum - len(proposal.approvals),
                deadline=datetime.fromisoformat(proposal.expires_at),
                environment=proposal.plan.environment,
                task_id=request.task_id,
            )
            return await self.bench.writer.post_once(
                self.bench.thread(request, message.thread_ts),
                said,
                key=f"{which}:{proposal.nonce[:16]}",
                task_id=request.task_id,
                check_first=True,
            )

    async def _called(self, request: TaskRequest, proposal: Proposal, *, escalates: bool) -> tuple[str, list[str]]:
        """The role and its mentions. Where nobody holds the next role, the first is called once more. No mentions where
        Slack does not say who holds a role: a reminder that reaches few is still one.
        """
        done = {request.user, *proposal.shapers, *proposal.decided}
        wanted = [called_role(proposal.requirement.roles, escalates=each) for each in ([True, False][not escalates :])]
        for role in wanted:
            address = await self._address(role)
            people = [user for user in address.people if user not in done]
            if address.group or people:
                return role, mentions(user_group=address.group, people=people)
        return wanted[0], []

    async def _address(self, role: str) -> Address:
        for known in LADDER:
            if known == role:
                with suppress(RolesUnavailable):
                    return await self.bench.roles.address_of(known)
        return Address()


def called_role(roles: Sequence[str], *, escalates: bool) -> str:
    """The role that is called first, or the next one up that may decide as well. `roles`: of the requirement."""
    ladder: list[Role] = [role for role in LADDER if role in roles]
    known = [str(role) for role in ladder] or list(roles)
    return known[min(1, len(known) - 1)] if escalates else known[0]


async def close_reminders(bench: Workbench, request: TaskRequest, proposal: Proposal) -> None:
    """Nobody is asked to decide any more."""
    for ts in proposal.reminders:
        # Somebody may have deleted it: what was decided counts all the same.
        with suppress(SlackRefused):
            await bench.writer.update(request.channel, ts, waits_no_more(task_id=request.task_id), haste="later")
