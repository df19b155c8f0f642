"""What every scene of a demo is made of: people ask and decide over the real sockets; results are read, not assumed."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from bot.blocks.actions import APPROVE
from bot.ledger.ledger import Ledger
from bot.local.estate.estate import SampleEstate
from bot.local.stage import Said, Stage, StageError
from bot.workflows.messages import TaskResult
from bot.workflows.task import TaskWorkflow
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerKind

_BODY = TypeAdapter(JsonObject)

_SLACK_DATE = re.compile(r"<!date\^[^|<>]*\|([^<>]*)>")
"""Slack's date token and its fallback, which is what a terminal can show."""

QUESTION = "One question"
"""How Gavel's own questions begin."""

LAST_WORDS_SECONDS = 3.0

_JUDGED: tuple[LedgerKind, ...] = ("plan_validated", "report_validated")
"""What the ledger calls a verdict of the gates."""


@dataclass(frozen=True)
class ScenarioSummary:
    """What really happened, from the workflow's result, the ledger and the estate."""

    name: str
    outcome: str
    task_id: str
    plan_digest: str | None
    """Of the plan, or of the report."""
    council_agreement: float | None
    council_dissent: int
    policy_verdict: str
    approver: list[str]
    phases_run: int
    assets_changed: int
    ledger_verified: bool
    handed_over_to: str = ""
    """The follow-up task's id; empty: there is none."""


@dataclass(frozen=True)
class Play:
    """The stage and the records. `tell` gets each step as a JSON-ready object."""

    stage: Stage
    temporal: Client
    ledger: Ledger
    estate: SampleEstate
    org: str
    seed: int
    tell: Callable[[dict[str, Any]], None]

    def step(self, name: str, text: str) -> None:
        said = _SLACK_DATE.sub(r"\1", text)
        self.tell({"event": "step", "scenario": name, "text": said, "at": round(time.time(), 3)})

    async def ask(self, name: str, user: str, text: str) -> Said:
        """`user` mentions Gavel in #ops, and Gavel has begun. Raises :class:`StageError` when it does not begin."""
        self.step(name, f"{user.capitalize()} in #ops: @gavel {text}")
        said = await self.stage.say(user, "ops", f"@gavel {text}")
        await self.until(said, user, has="Working on it", seconds=120, what="The acknowledgement")
        self.step(name, "Gavel works on it; the thread shows each step, answer and vote")
        return said

    async def card(self, name: str, said: Said) -> dict[str, Any]:
        """The plan card, as soon as there is one."""
        card = await self.until(said, "grace", has=f"'{APPROVE}'", seconds=120, what="The plan card")
        self.step(name, f"Plan card: {card['text']}")
        return card

    async def until(self, said: Said, viewer: str, *, has: str, seconds: float, what: str) -> dict[str, Any]:
        """As the stage's, but no longer than it can still happen.

        Raises :class:`StageError` as soon as the task has ended, or asks back: nobody here would answer it.
        """
        waiting = asyncio.create_task(self.stage.until(said, viewer, has=has, seconds=seconds, what=what))
        asked = asyncio.create_task(self.stage.until(said, viewer, has=QUESTION, seconds=seconds, what="A question"))
        ended = asyncio.create_task(self._ended(said))
        try:
            await asyncio.wait({waiting, asked, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                # What was waited for may have been the last that the task said.
                await asyncio.wait({waiting}, timeout=LAST_WORDS_SECONDS)
            if waiting.done():
                return await waiting
            if ended.done():
                raise StageError(f"{what} did not come: the task has ended. {await ended}")
            raise StageError(f"{what} did not come: Gavel asks back. {(await asked)['text']}")
        finally:
            for task in (waiting, asked, ended):
                task.cancel()
            await asyncio.gather(waiting, asked, ended, return_exceptions=True)

    async def _ended(self, said: Said) -> str:
        """How the task ended, once it has."""
        handle = self.temporal.get_workflow_handle_for(TaskWorkflow.run, f"{self.org}.{said.channel}.{said.ts}")
        while True:
            try:
                result: TaskResult = await handle.result()
            except RPCError as error:
                if error.status != RPCStatusCode.NOT_FOUND:
                    raise
                await asyncio.sleep(0.5)  # it has not begun yet
            else:
                return f"{result.outcome}: {result.detail}"

    async def approve(self, name: str, said: Said, card: dict[str, Any]) -> None:
        self.step(name, "Grace approves")
        await self.stage.click("grace", said.channel, card["ts"], APPROVE)

    async def summary(self, name: str, said: Said, *, expected: Sequence[str]) -> ScenarioSummary:
        """How the task ended. Raises :class:`StageError` for an outcome that is none of `expected`."""
        task = f"{self.org}.{said.channel}.{said.ts}"
        handle = self.temporal.get_workflow_handle_for(TaskWorkflow.run, task)
        result: TaskResult = await handle.result()
        gates = [body for kind in _JUDGED for body in await self.bodies(task, kind)]
        touched = {asset for body in await self.bodies(task, "phase_finished") for asset in body.get("touched", [])}
        verdicts = ["allowed" if body["allowed"] else "denied" for body in gates]
        summary = ScenarioSummary(
            name=name,
            outcome=result.outcome,
            task_id=task,
            plan_digest=result.plan_digest or result.report_digest,
            council_agreement=result.agreement,
            council_dissent=result.dissent,
            policy_verdict=" then ".join(verdicts) or "none",
            approver=result.approvers,
            phases_run=result.phases_run,
            assets_changed=len(touched),
            ledger_verified=(await self.ledger.verify(self.org)).ok,
            handed_over_to=result.handed_over_to,
        )
        self.step(name, f"{result.outcome}: {result.detail}")
        if result.outcome not in expected or not summary.ledger_verified:
            wanted = " or ".join(expected)
            raise StageError(f"Scenario {name} ended {result.outcome}, and {wanted} was expected: {result.detail}")
        return summary

    async def bodies(self, task: str | None, kind: LedgerKind) -> list[JsonObject]:
        """What the ledger says of the task (of all, for None), oldest first."""
        entries = await self.ledger.show(self.org, task_id=task, kind=kind, limit=1000)
        return [_BODY.validate_json(entry.body) for entry in entries]
