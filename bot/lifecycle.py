"""Runs a command's coroutine until it ends or somebody asks it to: Ctrl-C, `kill`, a closed terminal."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """The exit status: what `main` returns, or 128 + the signal's number, as shells have it, when it was stopped.

    The first signal cancels `main`, whose context managers then end what they started. A second one, from somebody
    who will not wait, ends the process as if nothing had caught it; its child processes end with it.
    """
    return asyncio.run(_stoppable(main))


async def _stoppable(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(main())
    received: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        received.append(number)
        for name in STOPPING:
            loop.remove_signal_handler(name)
            signal.signal(name, signal.SIG_DFL)
        task.cancel()

    for name in STOPPING:
        loop.add_signal_handler(name, stop, name)
    try:
        return await task
    except asyncio.CancelledError:
        if not received:
            raise
        return 128 + received[0]
    finally:
        for name in STOPPING:
            loop.remove_signal_handler(name)
