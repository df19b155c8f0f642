"""The demo: the main job, three times, on the embedded stack, over the real sockets. Nothing in it is told to Gavel."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Any

from bot.blocks.actions import APPROVE
from bot.local.play import Play, ScenarioSummary
from bot.local.stage import StageError

_ASKS = [
    "production {role} servers have drifted from the golden image, fix it",
    "please bring the {role} servers in production back to the golden image",
    "our production {role} machines run outdated images, get them up to date",
]
_HASTE = ["do half of them at a time", "take 50% of the fleet in each batch"]


@dataclass(frozen=True)
class Demo(Play):
    """One play of the main job."""

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
        said = await self.ask("asked", "ada", text)
        card = await self.card("asked", said)
        self.step("asked", "Ada approves her own request")
        await self.stage.click("ada", said.channel, card["ts"], APPROVE)
        refusal = await self.stage.until(
            said, "ada", has="cannot approve it", seconds=20, what="The refusal of Ada's own approval"
        )
        self.step("asked", f"Only Ada sees: {refusal['text']}")
        if any("cannot approve it" in message["text"] for message in await self.stage.thread(said, "grace")):
            raise StageError("Grace saw what only Ada should have been told.")
        await self.approve("asked", said, card)
        approved.set()
        return await self.summary("asked", said, expected=["completed"])

    async def refused(self, draw: random.Random) -> ScenarioSummary:
        """A person asks for more than policy allows; only the repaired plan is offered."""
        text = f"{draw.choice(_ASKS).format(role='api')}, {draw.choice(_HASTE)}"
        said = await self.ask("refused", "ada", text)
        refusal = await self.until(said, "ada", has="Plan refused", seconds=90, what="The refusal of the 50 % plan")
        self.step("refused", str(refusal["text"]))
        card = await self.card("refused", said)
        await self.approve("refused", said, card)
        return await self.summary("refused", said, expected=["completed"])

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
        self.step("alerted", f"Alertmanager: {summary}")
        await self.card("alerted", said)
        self.step("alerted", "Nobody decides")
        summary_of = await self.summary("alerted", said, expected=["expired"])
        after = await self.estate.snapshot(self.org)
        changed = {asset for asset in before.keys() | after.keys() if before.get(asset) != after.get(asset)}
        begun = await self.bodies(None, "phase_started")
        if not changed <= {asset for body in begun for asset in body["assets"]}:
            raise StageError("The estate changed although nobody approved.")
        return summary_of


def summary_event(scenarios: list[ScenarioSummary], *, error: str | None, models: str) -> dict[str, Any]:
    """The last line of the demo. `models`: who played, and whether they only rehearse."""
    return {
        "event": "summary",
        "ok": error is None,
        "error": error,
        "models": models,
        "scenarios": [asdict(scenario) for scenario in scenarios],
    }
