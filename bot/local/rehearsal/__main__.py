"""`python -m bot.local.rehearsal`: serve the rehearsal models on loopback until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from pathlib import Path

from aiohttp import web

from bot.local.rehearsal.server import RehearsalServer


async def serve(port: int, ready_file: Path | None, latency_seconds: float) -> None:
    """Serve until told to stop. Port 0 takes a free one; the address is printed and written to `ready_file`."""
    runner = web.AppRunner(RehearsalServer(latency_seconds=latency_seconds).app(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        if ready_file is not None:
            _write_whole(ready_file, url)
        print(f"ready {url}", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()


def _write_whole(path: Path, text: str) -> None:
    """So that a reader sees nothing or everything."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text)
    part.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bot.local.rehearsal", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--ready-file", type=Path, help="where to write the address once it answers")
    parser.add_argument("--latency-ms", type=float, default=0, help="how long each model thinks")
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.ready_file, options.latency_ms / 1000))


if __name__ == "__main__":
    main()
