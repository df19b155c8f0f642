"""Several tool calls of one turn of a model: made at a time, numbered and kept in their order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from agents.specialists.base import InvestigationUnavailable
from agents.specialists.investigation import CALLS_AT_ONCE, ToolDesk
from tools.base import ToolCall, ToolFailure, ToolResult
from tools.contracts.common import JsonObject
from tools.contracts.progress import ProgressEvent, ToolProgress


@dataclass
class Door:
    """Lets nobody in until as many as can be are there; the later ones are answered first."""

    expected: int
    away: str = ""
    inside: int = 0
    most: int = 0
    events: list[ProgressEvent] = field(default_factory=list[ProgressEvent])
    full: asyncio.Event = field(default_factory=asyncio.Event)

    async def dispatch(self, call: ToolCall) -> ToolResult:
        self.inside += 1
        self.most = max(self.most, self.inside)
        if self.inside == self.expected:
            self.full.set()
        async with asyncio.timeout(5):
            await self.full.wait()
        await asyncio.sleep(0.02 / int(call.id.rpartition("t")[2]))
        self.inside -= 1
        if call.tool == self.away:
            failure = ToolFailure("unavailable", "the policies could not be asked")
            return ToolResult(call, None, failure, "sha256:0", 1.0)
        return ToolResult(call, {"of": call.tool}, None, "sha256:0", 1.0)

    def emit(self, event: ProgressEvent) -> None:
        self.events.append(event)


def desk_at(door: Door) -> ToolDesk:
    spec = SimpleNamespace(id="T1.C1.1", environment="staging")
    assignment: Any = SimpleNamespace(spec=spec, round="r1", caller=None, dispatcher=door, progress=door)
    return ToolDesk(assignment, "drift", frozenset({"a", "b", "c"}))


async def test_they_are_made_side_by_side_and_kept_in_their_order() -> None:
    door = Door(expected=3)
    desk = desk_at(door)
    results = await desk.call_each([("a", {}), ("b", {}), ("c", {})])
    assert [result.call.tool for result in results] == ["a", "b", "c"]
    assert desk.book.call_ids == [f"T1.C1.1-r1-t{number}" for number in (1, 2, 3)]
    assert desk.answered == desk.book.results == results
    done = [event.tool for event in door.events if isinstance(event, ToolProgress) and event.state == "done"]
    assert done == ["c", "b", "a"], "each is told when it is done"
    door.expected = 1
    assert (await desk.call("a", {})).call.id == "T1.C1.1-r1-t4"


async def test_no_more_at_once_than_are_allowed() -> None:
    door = Door(expected=CALLS_AT_ONCE)
    calls: list[tuple[str, JsonObject]] = [("a", {}) for _ in range(3 * CALLS_AT_ONCE)]
    await desk_at(door).call_each(calls)
    assert door.most == CALLS_AT_ONCE


async def test_where_one_is_away_those_before_it_are_kept_and_no_other_is_left_running() -> None:
    door = Door(expected=3, away="b")
    desk = desk_at(door)
    with pytest.raises(InvestigationUnavailable, match="b could not be called"):
        await desk.call_each([("a", {}), ("b", {}), ("c", {})])
    assert [result.call.tool for result in desk.book.results] == ["a"]
    assert door.inside == 0
