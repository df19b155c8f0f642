"""An OpenAI-compatible endpoint that answers at once, in a process of its own. Prints its address."""

from __future__ import annotations

import asyncio
import sys

from aiohttp import web

from tests.unit.orchestrator.provider import completion


async def _answer(request: web.Request) -> web.Response:
    await request.read()
    return web.json_response(completion({"content": "ok"}))


async def main() -> None:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", _answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}/v1", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
