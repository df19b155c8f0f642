"""The demo: the main job, three times, on the embedded stack, over the real sockets. Nothing in it is told to Gavel."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import TypeAdapter
from temporalio.client import Client

from bot.blocks.actions import APPROVE
from bot.ledger.ledger import Ledger
from bot.local.estate.estate import SampleEstate
from bot.local.stage import Said, Stage, StageError
from bot.workflows.messages import TaskResult
from bot.workflows.task import TaskWorkflow
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerKind

ScenarioName = Literal["asked", "refused", "alerted"]

_BODY = TypeAdapter(JsonObject)

_ASKS = [
    "production {role} servers have drifted from the golden image, fix it",
    "please bring the {role} servers in production back to the golden image",
    "our production {role} machines run outdated images, get them up to date",
]
_HASTE = ["do half of them at a time", "take 50% of the fleet in each batch"]


@dataclass(frozen=True)
class ScenarioSummary:
    """What really happened, from the workflow's result, the ledger and the estate."""

    name: ScenarioName
    outcome: str
    task_id: str
    plan_digest: str | None
    council_agreement: float | None
    council_dissent: int
    policy_verdict: str
    approver: list[str]
    phases_run: int
    assets_changed: int
    ledger_verified: bool


@dataclass(frozen=True)
class Demo:
    """One play. `tell` gets each step as a JSON-ready object."""

    stage: Stage
    temporal: Client
    ledger: Ledger
    estate: SampleEstate
    org: str
    seed: int
    tell: Callable[[dict[str, Any]], None]

    async def play(self) -> AsyncIterator[ScenarioSummary]:
        """All three scenarios; the alert comes in while the first plan runs, as alerts do.

        Raises :class:`StageError` at the first step that did not happen.
        """
        draw = random.Random(self.seed)
        approved = asyncio.Event()
        alerted = asyncio.create_task(self._after(approved))
        try:
            yield await self.asked(draw, approved)
            yield await self.refused(draw)
            yield await alerted
        finally:
            alerted.cancel()
            await asyncio.wait({alerted})

    async def _after(self, approved: asyncio.Event) -> ScenarioSummary:
        await approved.wait()
        return await self.alerted()

    async def asked(self, draw: random.Random, approved: asyncio.Event) -> ScenarioSummary:
        """A person asks, another approves, phases run, the estate changes."""
        text = draw.choice(_ASKS).format(role="web")
        said = await self._ask("asked", "ada", text)
        card = await self._card("asked", said)
        self._step("asked", "Ada approves her own request")
        await self.stage.click("ada", said.channel, card["ts"], APPROVE)
        refusal = await self.stage.until(
            said, "ada", has="cannot approve it", seconds=20, what="The refusal of Ada's own approval"
        )
        self._step("asked", f"Only Ada sees: {refusal['text']}")
        if any("cannot approve it" in message["text"] for message in await self.stage.thread(said, "grace")):
            raise StageError("Grace saw what only Ada should have been told.")
        await self._approve("asked", said, card)
        approved.set()
        return await self._summary("asked", said)

    async def refused(self, draw: random.Random) -> ScenarioSummary:
        """A person asks for more than policy allows; only the repaired plan is offered."""
        text = f"{draw.choice(_ASKS).format(role='api')}, {draw.choice(_HASTE)}"
        said = await self._ask("refused", "ada", text)
        refusal = await self.stage.until(
            said, "ada", has="Plan refused", seconds=90, what="The refusal of the 50 % plan"
        )
        self._step("refused", str(refusal["text"]))
        await self._approve("refused", said, await self._card("refused", said))
        return await self._summary("refused", said)

    async def alerted(self) -> ScenarioSummary:
        """An alert is triaged by itself, ends in a proposal, and expires."""
        before = await self.estate.snapshot(self.org)
        labels = "alertname = GoldenImageDrift\nenvironment = production\nrole = db\nseverity = warning"
        summary = "db servers in production have drifted from the golden image"
        said = await self.stage.alert(
            "alerts",
            [
                {
                    "color": "#a30200",
                    "title": "[FIRING:1] GoldenImageDrift (db production)",
                    "text": f"{summary}\n{labels}",
                }
            ],
        )
        self._step("alerted", f"Alertmanager: {summary}")
        await self._card("alerted", said)
        self._step("alerted", "Nobody decides")
        summary_of = await self._summary("alerted", said)
        after = await self.estate.snapshot(self.org)
        changed = {asset for asset in before.keys() | after.keys() if before.get(asset) != after.get(asset)}
        begun = await self.ledger.show(self.org, kind="phase_started", limit=1000)
        approved = {asset for entry in begun for asset in _BODY.validate_json(entry.body)["assets"]}
        if not changed <= approved:
            raise StageError("The estate changed although nobody approved.")
        return summary_of

    async def _ask(self, name: ScenarioName, user: str, text: str) -> Said:
        self._step(name, f"{user.capitalize()} in #ops: @gavel {text}")
        said = await self.stage.say(user, "ops", f"@gavel {text}")
        await self.stage.until(said, user, has="Working on it", seconds=60, what="The acknowledgement")
        self._step(name, "Gavel works on it; the thread shows each member's vote")
        return said

    async def _card(self, name: ScenarioName, said: Said) -> dict[str, Any]:
        card = await self.stage.until(said, "grace", has=f"'{APPROVE}'", seconds=120, what="The plan card")
        self._step(name, f"Plan card: {card['text']}")
        return card

    async def _approve(self, name: ScenarioName, said: Said, card: dict[str, Any]) -> None:
        self._step(name, "Grace approves")
        await self.stage.click("grace", said.channel, card["ts"], APPROVE)

    async def _summary(self, name: ScenarioName, said: Said) -> ScenarioSummary:
        task = f"{self.org}.{said.channel}.{said.ts}"
        handle = self.temporal.get_workflow_handle_for(TaskWorkflow.run, task)
        result: TaskResult = await handle.result()
        gates = await self._bodies(task, "plan_validated")
        touched = {asset for body in await self._bodies(task, "phase_finished") for asset in body.get("touched", [])}
        verdicts = ["allowed" if body["allowed"] else "denied" for body in gates]
        summary = ScenarioSummary(
            name=name,
            outcome=result.outcome,
            task_id=task,
            plan_digest=result.plan_digest,
            council_agreement=result.agreement,
            council_dissent=result.dissent,
            policy_verdict=" then ".join(verdicts) or "none",
            approver=result.approvers,
            phases_run=result.phases_run,
            assets_changed=len(touched),
            ledger_verified=(await self.ledger.verify(self.org)).ok,
        )
        self._step(name, f"{result.outcome}: {result.detail}")
        expected = {"asked": "completed", "refused": "completed", "alerted": "expired"}[name]
        if result.outcome != expected or not summary.ledger_verified:
            raise StageError(f"Scenario {name} ended {result.outcome}, and {expected} was expected: {result.detail}")
        return summary

    async def _bodies(self, task: str, kind: LedgerKind) -> list[JsonObject]:
        """What the ledger says of the task, oldest first."""
        return [_BODY.validate_json(entry.body) for entry in await self.ledger.show(self.org, task_id=task, kind=kind)]

    def _step(self, name: ScenarioName, text: str) -> None:
        self.tell({"event": "step", "scenario": name, "text": text, "at": round(time.time(), 3)})


def summary_event(scenarios: list[ScenarioSummary], *, error: str | None) -> dict[str, Any]:
    """The last line of the demo."""
    return {
        "event": "summary",
        "ok": error is None,
        "error": error,
        "models": "rehearsal models: rules, not an LLM",
        "scenarios": [asdict(scenario) for scenario in scenarios],
    }
