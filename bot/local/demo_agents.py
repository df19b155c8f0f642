"""`gavel demo --agent NAME`: a scene for each agent. Somebody asks for its work; it ends as such work has to end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from bot.local.play import Play, ScenarioSummary
from bot.local.scenes.operations import GoldenImage, RecoveryDrill
from bot.local.scenes.reports import COMPLIANCE_POSTURE, REVIEW_OF_SECURITY, WHERE_MONEY_GOES, IncidentCause
from bot.local.scenes.rollouts import DRIFTED_FLEET, VULNERABLE_FLEET
from tools.contracts.common import AgentName


class Scene(Protocol):
    """One agent's scenario."""

    @property
    def agent(self) -> AgentName: ...

    async def play(self, play: Play) -> ScenarioSummary:
        """Raises :class:`bot.local.stage.StageError` at the first step that did not happen."""
        ...


def scenes() -> Mapping[AgentName, Scene]:
    """Every agent's scene. Another one is an `Asked` or a small class in `bot/local/scenes`, and its name here."""
    every: Sequence[Scene] = (
        DRIFTED_FLEET,
        VULNERABLE_FLEET,
        IncidentCause(),
        REVIEW_OF_SECURITY,
        COMPLIANCE_POSTURE,
        WHERE_MONEY_GOES,
        RecoveryDrill(),
        GoldenImage(),
    )
    return {scene.agent: scene for scene in every}


def agents_named(names: Sequence[str]) -> list[AgentName]:
    """Each once, in the order given. Raises `ValueError`, naming those that there are, for one without a scene."""
    known: dict[str, AgentName] = {agent: agent for agent in scenes()}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"There is no scene for an agent {unknown[0][:40]!r}; there are: {', '.join(sorted(known))}.")
    return [known[name] for name in dict.fromkeys(names)]


async def play_agents(play: Play, agents: Sequence[AgentName]) -> AsyncIterator[ScenarioSummary]:
    """The scenes of these agents, one after the other, on one stack."""
    known = scenes()
    for agent in agents:
        yield await known[agent].play(play)
