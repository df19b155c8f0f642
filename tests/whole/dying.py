"""Bots and workers that die at a named effect and are started again, dozens of times, in a few seconds each.

`python -m tests.whole.dying ROLE DATA_DIR`, with `DYING` naming a file of :class:`Slot`. Each life is a process of its
own, ended by `kill -9`. Starting one costs seconds of imports, so they are forked from one process that has made them:
how long a fresh start takes is measured elsewhere.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import os
import signal
import sys
import threading
import traceback
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import TypeAdapter

from bot import runtime
from bot.local.stack import attach_stack
from bot.pacing import Pacer
from bot.settings import Settings
from tests.whole.effects import Death, Fate, watch_effects
from tests.whole.serving import READY, ServingRole

PR_SET_PDEATHSIG = 1

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
    """Temporal's task queue: nobody else serves it."""
    estate: str
    """The estate's file. Its own, so that tasks do not change each other's assets."""
    journal: str
    deaths: list[Death] = field(default_factory=list[Death])
    """In order. After the last one it lives on."""


SLOTS = TypeAdapter(list[Slot])


async def _live(slot: Slot) -> None:
    settings = Settings()
    temporal = settings.temporal.model_copy(update={"task_queue": slot.queue})
    stack = await attach_stack(settings.model_copy(update={"temporal": temporal}))
    stack = replace(stack, estate=Path(slot.estate))
    if slot.role == "bot":
        async with runtime.listening(stack.settings, await runtime.open_bot(stack)):
            await asyncio.Event().wait()
    async with runtime.open_worker(stack) as worker, worker:
        await asyncio.Event().wait()


def _unpaced(**_: object) -> Pacer:
    return Pacer(channel_rate=None)


def _be_born(slot: Slot, death: Death | None) -> int:
    """The process id of the next life."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        watch_effects(Fate(Path(slot.journal), death))
        asyncio.run(_live(slot))
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def main() -> int:
    vars(runtime)["Pacer"] = _unpaced
    os.environ.update(LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS="True")
    for module in LATE:
        importlib.import_module(module)
    slots = SLOTS.validate_json(Path(os.environ["DYING"]).read_bytes())
    if threading.active_count() != 1:
        sys.exit(f"threads are running, so forking is not safe: {threading.enumerate()}")
    waiting = {slot.name: deque(slot.deaths) for slot in slots}

    def next_life(slot: Slot) -> int:
        return _be_born(slot, waiting[slot.name][0] if waiting[slot.name] else None)

    lives = {next_life(slot): slot for slot in slots}
    print(READY, flush=True)
    while True:
        pid, status = os.wait()
        slot = lives.pop(pid)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL or not waiting[slot.name]:
            sys.exit(f"{slot.name} ended by itself with status {status}")
        waiting[slot.name].popleft()
        lives[next_life(slot)] = slot


if __name__ == "__main__":
    sys.exit(main())
