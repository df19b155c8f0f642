"""A provider at the network's edge: an OpenAI-compatible endpoint that plays a script for each model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from agents.orchestrator.chat import Member
from tools.contracts.council import Ballot, Stance, VoteSheet

KEY = "sk-live-4f9c2b7d1e"
"""Every member's key; no error or log row may hold it."""


@dataclass(frozen=True)
class Call:
    """One request as it arrived."""

    model: str
    schema: str
    """Name of the structured output asked for, or empty."""
    body: dict[str, Any]
    authorization: str

    @property
    def prompt(self) -> str:
        return str(self.body["messages"][-1]["content"])


Step = Callable[[web.Request, Call], Awaitable[web.StreamResponse]]


@dataclass
class Provider:
    """Steps are played in order for each (model, schema); the last one repeats."""

    base: str = ""
    calls: list[Call] = field(default_factory=list[Call])
    in_flight: int = 0
    most_in_flight: int = 0
    left: list[str] = field(default_factory=list[str])
    """Models whose caller hung up before the answer."""
    busy: asyncio.Event = field(default_factory=asyncio.Event)
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    _scripts: dict[tuple[str, str], list[Step]] = field(default_factory=dict[tuple[str, str], list[Step]])

    def play(self, model: str, *steps: Step, schema: str = "") -> None:
        self._scripts[model, schema] = list(steps)

    def member(self, model: str, *, family: str | None = None) -> Member:
        return Member(
            name=model.capitalize(), model=f"openai/{model}", family=family or model, api_base=self.base, api_key=KEY
        )

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        schema = body.get("response_format", {}).get("json_schema", {}).get("name", "")
        call = Call(body["model"], schema, body, request.headers.get("Authorization", ""))
        self.calls.append(call)
        script = self._scripts[call.model, call.schema]
        step = script.pop(0) if len(script) > 1 else script[0]
        self.in_flight += 1
        self.busy.set()
        self.idle.clear()
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await step(request, call)
        except asyncio.CancelledError:
            self.left.append(call.model)
            raise
        finally:
            self.in_flight -= 1
            if not self.in_flight:
                self.busy.clear()
                self.idle.set()


@asynccontextmanager
async def serve_provider() -> AsyncGenerator[Provider]:
    provider = Provider()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", provider.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    provider.base = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield provider
    finally:
        await runner.cleanup()


def completion(
    message: dict[str, Any], *, finish: str = "stop", usage: bool = True, cached_tokens: int | None = None
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "scripted",
        "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", **message}}],
    }
    counted: dict[str, Any] = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    if cached_tokens is not None:
        counted["prompt_tokens_details"] = {"cached_tokens": cached_tokens}
    return body | ({"usage": counted} if usage else {})


def says(text: str | BaseModel, *, finish: str = "stop", usage: bool = True, cached_tokens: int | None = None) -> Step:
    content = text if isinstance(text, str) else text.model_dump_json()

    async def step(_request: web.Request, _call: Call) -> web.StreamResponse:
        return web.json_response(
            completion({"content": content}, finish=finish, usage=usage, cached_tokens=cached_tokens)
        )

    return step


def calls_tool(name: str, arguments: str) -> Step:
    use = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}

    async def step(_request: web.Request, _call: Call) -> web.StreamResponse:
        return web.json_response(completion({"content": None, "tool_calls": [use]}, finish="tool_calls"))

    return step


def votes(rule: Callable[[str], Stance], *, reason: str = "") -> Step:
    """A vote on each line `id | text` of the prompt, by its text."""

    async def step(_request: web.Request, call: Call) -> web.StreamResponse:
        lines = [line.partition(" | ") for line in call.prompt.splitlines() if " | " in line]
        sheet = VoteSheet(ballots=[Ballot(claim_id=id_, stance=rule(text), reason=reason) for id_, _, text in lines])
        return web.json_response(completion({"content": sheet.model_dump_json()}))

    return step


def fails(status: int, *, retry_after: str | None = None, message: str = "no") -> Step:
    """An error that echoes the caller's key, as some providers' errors do."""

    async def step(_request: web.Request, call: Call) -> web.StreamResponse:
        headers = {"Retry-After": retry_after} if retry_after else None
        text = f"{message} ({call.authorization})"
        return web.json_response({"error": {"message": text, "type": "error"}}, status=status, headers=headers)

    return step


def cuts_off(*, chunked: bool) -> Step:
    """Half a body, then the connection is gone."""

    async def step(request: web.Request, _call: Call) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        if chunked:
            response.enable_chunked_encoding()
        else:
            response.content_length = 5000
        await response.prepare(request)
        await response.write(json.dumps(completion({"content": '{"claims": []'}))[:120].encode())
        if request.transport is not None:
            request.transport.abort()
        return response

    return step


def sends(body: str, content_type: str = "application/json") -> Step:
    async def step(_request: web.Request, _call: Call) -> web.StreamResponse:
        return web.Response(text=body, content_type=content_type)

    return step


def waits_for(event: asyncio.Event, then: Step) -> Step:
    async def step(request: web.Request, call: Call) -> web.StreamResponse:
        await event.wait()
        return await then(request, call)

    return step


def never() -> Step:
    return waits_for(asyncio.Event(), says("too late"))


def meets(barrier: asyncio.Barrier, then: Step) -> Step:
    """Answers only once all parties of the barrier are here at the same time."""

    async def step(request: web.Request, call: Call) -> web.StreamResponse:
        async with asyncio.timeout(10):
            await barrier.wait()
        return await then(request, call)

    return step
