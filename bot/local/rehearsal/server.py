"""The OpenAI-compatible endpoint of the rehearsal models, with faults on request."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque

from aiohttp import web
from pydantic import ValidationError

from bot.local.rehearsal.brain import answer
from bot.local.rehearsal.conversation import BadRequest, Conversation, as_object, read_request
from bot.local.rehearsal.faults import Fault, FaultKind, Faults
from bot.local.rehearsal.guard import loopback_only
from bot.local.rehearsal.lies import tell
from bot.local.rehearsal.members import REHEARSAL_MODELS
from bot.local.rehearsal.obedient import obey
from bot.local.rehearsal.wire import Completion, Reply, error_body, server_sent

CALLS_TOLD = 10_000
MAX_BODY_BYTES = 8 * 1024 * 1024


class RehearsalServer:
    """Handlers of one server; between requests it keeps the faults it was asked for, and who was asked for what."""

    def __init__(self, *, latency_seconds: float = 0) -> None:
        self._latency = latency_seconds
        self._faults = Faults()
        self._calls: deque[dict[str, str]] = deque(maxlen=CALLS_TOLD)

    def app(self) -> web.Application:
        app = web.Application(middlewares=[loopback_only], client_max_size=MAX_BODY_BYTES)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/local/faults", self._list_faults)
        app.router.add_post("/local/faults", self._add_fault)
        app.router.add_delete("/local/faults", self._clear_faults)
        app.router.add_get("/local/calls", self._list_calls)
        return app

    async def _models(self, _request: web.Request) -> web.Response:
        data = [
            {"id": name, "object": "model", "created": 0, "owned_by": "gavel-rehearsal"} for name in REHEARSAL_MODELS
        ]
        return web.json_response({"object": "list", "data": data})

    async def _list_faults(self, _request: web.Request) -> web.Response:
        return web.json_response({"faults": [fault.model_dump() for fault in self._faults.listed()]})

    async def _add_fault(self, request: web.Request) -> web.Response:
        try:
            fault = Fault.model_validate_json(await request.read())
        except ValidationError as error:
            return web.json_response(error_body(str(error), "invalid_request_error"), status=400)
        if fault.model not in {"*", *REHEARSAL_MODELS}:
            return web.json_response(error_body(f"no model {fault.model!r}", "invalid_request_error"), status=400)
        self._faults.add(fault)
        return web.json_response(fault.model_dump(), status=201)

    async def _clear_faults(self, _request: web.Request) -> web.Response:
        self._faults.clear()
        return web.json_response({"faults": []})

    async def _list_calls(self, _request: web.Request) -> web.Response:
        """What a provider would bill: every call that came in, whatever became of it."""
        return web.json_response({"calls": list(self._calls)})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        try:
            conversation = read_request(as_object(json.loads(await request.read())))
        except (json.JSONDecodeError, UnicodeDecodeError, BadRequest) as error:
            return web.json_response(error_body(f"invalid request: {error}", "invalid_request_error"), status=400)
        if conversation.model not in REHEARSAL_MODELS:
            message = f"the model {conversation.model!r} does not exist; there are {', '.join(REHEARSAL_MODELS)}"
            return web.json_response(error_body(message, "invalid_request_error"), status=404)
        self._calls.append({"model": conversation.model, "schema": conversation.schema_name or ""})
        faults = self._faults.hit(conversation.model)
        await asyncio.sleep(self._latency + (faults["slow"].seconds if "slow" in faults else 0))
        if "status_429" in faults:
            headers = {"Retry-After": str(int(faults["status_429"].seconds))}
            return web.json_response(error_body("rate limit reached", "rate_limit_error"), status=429, headers=headers)
        if "status_500" in faults:
            return web.json_response(error_body("the server had an error", "server_error"), status=500)
        try:
            reply = tell(conversation, answer(conversation, stubborn="stubborn" in faults), frozenset(faults))
            if "obedient" in faults:
                reply = obey(conversation, reply, faults["obedient"].orders)
        except BadRequest as error:
            return web.json_response(error_body(str(error), "invalid_request_error"), status=400)
        return await self._send(request, conversation, reply, faults)

    async def _send(
        self, request: web.Request, conversation: Conversation, reply: Reply, faults: dict[FaultKind, Fault]
    ) -> web.StreamResponse:
        completion = Completion(conversation.model, reply, conversation.size, int(time.time()))
        cut = "cut_stream" in faults
        if not conversation.stream:
            body = json.dumps(completion.body()).encode()
            return await _cut(request, body) if cut else web.Response(body=body, content_type="application/json")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(request)
        chunks = list(completion.chunks(include_usage=conversation.include_usage))
        for chunk in chunks[: max(2, len(chunks) // 2)] if cut else chunks:
            await response.write(server_sent(chunk))
        if cut:
            _hang_up(request)
            return response
        await response.write(server_sent("[DONE]"))
        await response.write_eof()
        return response


async def _cut(request: web.Request, body: bytes) -> web.StreamResponse:
    """Half of a body that promised to be whole, then a closed connection."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    _hang_up(request)
    return response


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()
