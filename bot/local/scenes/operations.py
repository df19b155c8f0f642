"""The recovery and the image agent: their plans change no machine, and are approved and run like any other."""

from __future__ import annotations

from dataclasses import dataclass

from bot.local.play import Play, ScenarioSummary
from bot.local.stage import StageError
from tools.connectors.recovery import PairQuery
from tools.contracts.common import AgentName

RAN = ("completed",)


@dataclass(frozen=True)
class RecoveryDrill:
    """A drill that is approved and really run: the estate has it on record, and traffic is where it was."""

    agent: AgentName = "dr"

    async def play(self, play: Play) -> ScenarioSummary:
        before = await _runs(play)
        said = await play.ask(self.agent, "ada", "check our disaster recovery in production and run a dr drill")
        await play.approve(self.agent, said, await play.card(self.agent, said))
        summary = await play.summary(self.agent, said, expected=RAN)
        made = {name: kind for name, kind in (await _runs(play)).items() if name not in before}
        if list(made.values()) != ["drill"]:
            raise StageError(f"One drill was to be on record, and there are: {', '.join(made.values()) or 'none'}.")
        play.step(self.agent, f"The estate has the drill on record: {next(iter(made))}")
        return summary


@dataclass(frozen=True)
class GoldenImage:
    """A contract is written, an image built to it, checked, and promoted to staging."""

    agent: AgentName = "image"

    async def play(self, play: Play) -> ScenarioSummary:
        before = {image.id for image in await play.estate.images(play.org)}
        text = "build a new api image in staging and promote it to staging"
        said = await play.ask(self.agent, "ada", text)
        await play.approve(self.agent, said, await play.card(self.agent, said))
        summary = await play.summary(self.agent, said, expected=RAN)
        made = {image.id: image.status for image in await play.estate.images(play.org) if image.id not in before}
        if list(made.values()) != ["staging"]:
            raise StageError(f"One new image was to be in staging, and there are: {made or 'none'}.")
        play.step(self.agent, f"The estate has the image: {next(iter(made))}, in staging")
        return summary


async def _runs(play: Play) -> dict[str, str]:
    """Every drill and failover there is: id → kind."""
    pairs, _ = await play.estate.dr_pairs(play.org, PairQuery(), limit=100, cursor=None)
    return {run.id: run.kind for pair in pairs for run in await play.estate.dr_runs(play.org, pair.id, limit=100)}
