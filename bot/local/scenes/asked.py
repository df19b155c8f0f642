"""A scene that is one request: who is asked, in which words, and how it has to go on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.local.play import Play, ScenarioSummary
from tools.contracts.common import AgentName

Course = Callable[[Play, AgentName, str], Awaitable[ScenarioSummary]]
"""Raises :class:`bot.local.stage.StageError` at the first step that did not happen."""


@dataclass(frozen=True)
class Asked:
    agent: AgentName
    words: str
    course: Course

    async def play(self, play: Play) -> ScenarioSummary:
        return await self.course(play, self.agent, self.words)
