"""Whose account an evaluation's calls go on: the installation's own, as `eval`, and one budget for the whole run."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ModelClient

EVAL = "eval"
"""The agent and the person of such calls in the request log; routing learns nothing from them."""


@dataclass(frozen=True)
class BookedClient:
    """A model client around the one that records. Cases play in an org of their own; this says who pays."""

    inner: ModelClient
    org: str
    run: str
    """Unique. Names the run in the request log: `eval:<run>`."""

    @property
    def task_id(self) -> str:
        return f"{EVAL}:{self.run}"

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        """See `agents.orchestrator.chat.ModelClient`. Raises `BudgetExceeded` where the run's budget is used up."""
        return await self.inner.chat(
            member,
            replace(
                request,
                org=self.org,
                user=EVAL,
                agent=EVAL,
                task_id=self.task_id,
                key=f"{request.task_id}:{request.key}",
                parent=None if request.parent is None else f"{request.task_id}:{request.parent}",
            ),
        )
