"""The bot alone, as `tests.whole.serving` runs it, with a clock at its call of Temporal.

`python -m tests.benchmarks.watched_bot bot DATA_DIR`. Writes `[task id, milliseconds]` lines to DATA_DIR/calls.jsonl.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from temporalio.client import Client, Interceptor, OutboundInterceptor, StartWorkflowInput, WorkflowHandle

from bot import edge
from bot.lifecycle import run
from tests.benchmarks.figures import now_ms
from tests.whole.effects import put
from tests.whole.serving import main


class _Clock(Interceptor):
    def __init__(self, journal: Path) -> None:
        self._journal = journal

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _Timed(next, self._journal)


class _Timed(OutboundInterceptor):
    def __init__(self, next: OutboundInterceptor, journal: Path) -> None:
        super().__init__(next)
        self._file = journal.open("w", buffering=1)

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        started = now_ms()
        handle = await super().start_workflow(input)
        self._file.write(json.dumps([input.id, now_ms() - started]) + "\n")
        return handle


def watch(journal: Path) -> None:
    connect = edge.connect

    async def connected(*args: Any, **kwargs: Any) -> Client:
        config = (await connect(*args, **kwargs)).config()
        config["interceptors"] = [_Clock(journal)]
        return Client(**config)

    put(edge, "connect", connected)


if __name__ == "__main__":
    # One person asks as many would: what is measured is the way of a request that is taken in.
    os.environ |= {"GAVEL_LIMITS_PERSON_REQUESTS": "0", "GAVEL_LIMITS_CHANNEL_REQUESTS": "0"}
    watch(Path(sys.argv[2]) / "calls.jsonl")
    sys.exit(run(main))
