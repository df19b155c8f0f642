"""Bots and workers that die at a named effect and are started again, dozens of times, in a few seconds each.

`python -m tests.whole.dying ROLE DATA_DIR`, with `DYING` naming a directory: each :class:`Slot` written there comes to
life. Each life is a process of its own, ended as `kill -9` ends it. Starting one costs seconds of imports, so they are
forked from one process that has made them; a start from nothing is for other tests.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import importlib
import os
import signal
import sys
import threading
import time
import traceback
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import TypeAdapter

from bot import edge, runtime
from bot.listeners.later import Later
from bot.local.stack import RunningStack, attach_stack
from bot.pacing import Pacer
from bot.permits.opening import permitting
from bot.settings import DatabaseSettings, LedgerSettings, Settings
from bot.taken import taken_lately
from tests.whole.effects import Death, Fate, put, watch_effects
from tests.whole.serving import READY, ServingRole

PR_SET_PDEATHSIG = 1
LOOK_SECONDS = 0.02

LATE = (
    *("litellm", "openai.resources.chat", "litellm._service_logger", "litellm.cost_calculator"),
    *("alembic.command", "aiosqlite", "policies.opa"),
)
"""What the product imports only when it needs it."""


@dataclass(frozen=True)
class Slot:
    """One bot or worker, over all its lives."""

    name: str
    role: ServingRole
    queue: str
    """Temporal's."""
    home: str
    """With an estate, a ledger and its anchors of its own, so that tasks do not wait for each other."""
    deaths: list[Death] = field(default_factory=list[Death])
    """In order. After the last one it lives on."""

    @property
    def journal(self) -> Path:
        return Path(self.home) / "effects.jsonl"

    @property
    def estate(self) -> Path:
        return Path(self.home) / "estate.db"

    def settings(self, settings: Settings) -> Settings:
        """The same, for this slot."""
        database = DatabaseSettings.model_validate({"url": f"sqlite:///{self.home}/gavel.db"})
        return settings.model_copy(
            update={
                "temporal": settings.temporal.model_copy(update={"task_queue": self.queue}),
                "database": database,
                "ledger": LedgerSettings(anchor_dir=Path(self.home) / "anchors"),
            }
        )


SLOT = TypeAdapter(Slot)


async def _live(slot: Slot) -> None:
    shared = await attach_stack(Settings())
    stack = replace(shared, settings=slot.settings(shared.settings), estate=slot.estate)
    await {"bot": _answer, "worker": _work, "both": runtime.serve}[slot.role](stack)


async def _answer(stack: RunningStack) -> None:
    async with (
        taken_lately(stack.redis_url) as taken,
        permitting(stack.settings, redis_url=stack.redis_url) as permits,
        Later() as later,
    ):
        app = await edge.open_bot(stack, permits=permits, later=later, taken=taken)
        async with edge.listening(stack.settings, app):
            await asyncio.Event().wait()


async def _work(stack: RunningStack) -> None:
    async with runtime.open_worker(stack) as worker, worker:
        await asyncio.Event().wait()


def _unpaced(**_: object) -> Pacer:
    return Pacer(channel_rate=None)


def _be_born(slot: Slot, death: Death | None) -> int:
    """The process id of the next life."""
    pid = os.fork()
    if pid:
        return pid
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        watch_effects(Fate(slot.journal, death))
        asyncio.run(_live(slot))
    except BaseException:
        traceback.print_exc()
    os._exit(1)


@dataclass
class Lives:
    """Who lives now, and how they have yet to die."""

    slots: dict[int, Slot] = field(default_factory=dict[int, Slot])
    waiting: dict[str, deque[Death]] = field(default_factory=dict[str, "deque[Death]"])

    def born(self, slot: Slot) -> None:
        deaths = self.waiting.setdefault(slot.name, deque(slot.deaths))
        self.slots[_be_born(slot, deaths[0] if deaths else None)] = slot

    def died(self, pid: int, status: int) -> None:
        slot = self.slots.pop(pid)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL or not self.waiting[slot.name]:
            sys.exit(f"{slot.name} ended by itself with status {status}")
        self.waiting[slot.name].popleft()
        self.born(slot)


def main() -> int:
    put(runtime, "Pacer", _unpaced)
    os.environ.update(LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS="True")
    for module in LATE:
        importlib.import_module(module)
    if threading.active_count() != 1:
        sys.exit(f"threads are running, so forking is not safe: {threading.enumerate()}")
    gc.freeze()  # a collection would copy every shared page
    lives, directory = Lives(), Path(os.environ["DYING"])
    print(READY, flush=True)
    while True:
        for path in sorted(directory.glob("*.json")):
            slot = SLOT.validate_json(path.read_bytes())
            path.unlink()
            lives.born(slot)
        pid, status = os.waitpid(-1, os.WNOHANG) if lives.slots else (0, 0)
        if pid:
            lives.died(pid, status)
        else:
            time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
