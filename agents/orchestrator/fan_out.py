"""One question to many members at once: who answered it before is not asked, the rest is paid for as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

from agents.orchestrator.budget import FanOuts
from agents.orchestrator.chat import ChatRequest, Member
from agents.orchestrator.gathering import gather_answers
from agents.orchestrator.remembering import Questioning
from agents.orchestrator.roll import Roll, Stage
from agents.orchestrator.structured import with_contract

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class FanOut:
    """How one stage of a deliberation asks."""

    questioning: Questioning
    budget: FanOuts
    """Whether everyone can be paid for, before anyone is asked."""
    roll: Roll
    stage: Stage
    deadline_seconds: float
    """For each answer."""

    async def ask(
        self,
        members: Sequence[Member],
        requests: Mapping[str, ChatRequest],
        contract: type[T],
        *,
        decided: Callable[[dict[str, T], set[str]], bool],
        settled: Callable[[dict[str, T], set[str]], bool] | None = None,
        patience_seconds: float = 0,
        heard: Callable[[str, T], None] | None = None,
    ) -> dict[str, T]:
        """Member → answer, as :func:`gather_answers` says. `requests`: by the member's name.

        Raises `BudgetExceeded` before the first call is made, and `LedgerUnavailable`.
        """
        known = await self.questioning.known(members, requests, contract)
        calls = [
            (member, with_contract(requests[member.name], contract)) for member in members if member.name not in known
        ]

        async def ask(member: Member) -> T:
            return await self.questioning.ask(member, requests[member.name], contract)

        async with self.budget.reserved(calls):
            return await gather_answers(
                members,
                ask,
                roll=self.roll,
                stage=self.stage,
                deadline_seconds=self.deadline_seconds,
                decided=decided,
                settled=settled,
                patience_seconds=patience_seconds,
                heard=heard,
                known=known,
            )
