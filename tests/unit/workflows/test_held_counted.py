"""How often a task that is held is counted: for as long as it is, so that an alert on it begins and stays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry

from bot.ledger.database import Database
from bot.tasks.board import TaskBoard
from bot.telemetry.held import HeldMetrics
from bot.thread import ThreadWriter
from bot.workflows.held import Held, Why
from bot.workflows.parking import AGAIN_SECONDS, TOLD_AFTER, Parking
from tests.unit.narrator.workspace import until


@dataclass
class Clock:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


def held(why: Why, number: int = 0) -> Held:
    # No task's own workflow: there is no thread to tell.
    return Held(f"T1.{number}", "r1", "gavel-alerts", why, "a newer one worked on it", b"")


async def test_a_task_is_counted_from_the_third_try_on_and_again_for_as_long_as_it_is_held(tmp_path: Path) -> None:
    clock, registry = Clock(), CollectorRegistry()
    database = Database.open(f"sqlite:///{tmp_path / 'gavel.db'}")
    parking = Parking(_nobody, TaskBoard(database, ""), HeldMetrics(registry), clock=clock)
    probes = iter(range(1, 100))

    def counted(why: Why) -> float | None:
        return registry.get_sample_value("gavel_tasks_held_total", {"why": why})

    async def after(tries: int) -> float | None:
        """What is counted when these have been heeded, which are so in their order."""
        for _ in range(tries):
            parking.note(held("newer"))
        before, probe = counted("broken") or 0, next(probes)
        for _ in range(TOLD_AFTER):
            parking.note(held("broken", probe))

        async def heeded() -> bool:
            return counted("broken") == before + 1

        await until(heeded)
        return counted("newer")

    async with parking.telling():
        assert await after(TOLD_AFTER - 1) == 0
        assert await after(1) == 1
        clock.seconds += AGAIN_SECONDS - 1
        assert await after(5) == 1
        clock.seconds += 1
        assert await after(5) == 2
        clock.seconds += AGAIN_SECONDS
        assert await after(1) == 3
    await database.close()


async def _nobody(_org: str) -> ThreadWriter:
    raise AssertionError("there is nobody to tell")
