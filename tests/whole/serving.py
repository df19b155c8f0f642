"""The bot, a worker, or both, in a process of its own beside a stack that somebody else opened: one that can be killed.

`python -m tests.whole.serving ROLE DATA_DIR`. Prints one line when it serves.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Literal, get_args

from bot.edge import taking_in
from bot.lifecycle import run
from bot.local.stack import RunningStack, attach_stack
from bot.permits.opening import permitting
from bot.redaction import redacted
from bot.settings import Settings
from bot.taken import taken_lately
from bot.telemetry import configure_logging
from bot.telemetry.metrics import Metrics
from bot.telemetry.tracing import open_tracing, trace_ids

ServingRole = Literal["bot", "worker", "both"]

READY = "serving"


async def _bot(stack: RunningStack) -> None:
    async with (
        open_tracing(os.environ) as tracing,
        taken_lately(stack.redis_url) as taken,
        permitting(stack.settings, redis_url=stack.redis_url) as permits,
        taking_in(stack, permits=permits, taken=taken, metrics=Metrics(), tracing=tracing),
    ):
        _say()
        await asyncio.Event().wait()


async def _worker(stack: RunningStack) -> None:
    from bot.runtime import serve_worker  # here, as `gavel` does it: a bot alone does not carry a worker's parts

    await serve_worker(stack, serves=_say)


async def _both(stack: RunningStack) -> None:
    from bot.runtime import serve

    await serve(stack, serves=_say)


def _say() -> None:
    print(READY, flush=True)


_SERVE: dict[ServingRole, Callable[[RunningStack], Coroutine[Any, Any, None]]] = {
    "bot": _bot,
    "worker": _worker,
    "both": _both,
}


async def main() -> int:
    role, data_dir = sys.argv[1:]
    serve = next(_SERVE[name] for name in get_args(ServingRole) if name == role)
    settings = Settings(data_dir=Path(data_dir))
    configure_logging(settings.log_level, redact=redacted, ids=trace_ids(os.environ))
    await serve(await attach_stack(settings))
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
