"""Socket Mode: single-use URLs, hello, envelopes and their acknowledgements, and goodbyes."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from bot.local.slack.errors import SlackError
from bot.local.slack.faults import Disconnect, Faults
from bot.local.slack.jsonvalues import is_object
from bot.local.slack.seed import APP_ID
from bot.local.slack.stats import EnvelopeRecord, Stats
from bot.local.slack.transport import Delivery, NotAcked, acked_within, new_envelope_id
from tools.contracts.common import JsonObject

MAX_CONNECTIONS = 10
TICKET_SECONDS = 30.0
GOODBYE_SECONDS = 5.0
"""How long a connection that was asked to go may stay."""


@dataclass(eq=False)
class Connection:
    """One socket of the app."""

    id: str
    socket: web.WebSocketResponse
    request: web.Request
    leaving: bool = False
    broken: bool = False

    def abort(self) -> None:
        """Break it without a goodbye: from now on nothing is sent over it."""
        self.broken = True
        if self.request.transport is not None:
            self.request.transport.abort()


class SocketHub:
    """All the app's sockets. A payload goes to one of them."""

    def __init__(self, stats: Stats, faults: Faults, *, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._stats = stats
        self._faults = faults
        self._tickets: dict[str, float] = {}
        self._connections: list[Connection] = []
        self._turn = 0
        self._pending: dict[str, tuple[Delivery, EnvelopeRecord]] = {}

    @property
    def count(self) -> int:
        """How many are there; one that was broken is not, though its end may be still to come."""
        return sum(not connection.broken for connection in self._connections)

    def open_url(self, host: str) -> str:
        """A URL that opens one socket, once."""
        now = time.monotonic()
        self._tickets = {ticket: ends for ticket, ends in self._tickets.items() if ends > now}
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = now + TICKET_SECONDS
        return f"ws://{host}/link/?ticket={ticket}&app_id={APP_ID}"

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """The other end of that URL. A used, unknown or old ticket is refused with 404."""
        if self._tickets.pop(request.query.get("ticket", ""), 0.0) < time.monotonic():
            raise web.HTTPNotFound(text="This Socket Mode URL was used already, or is too old. Ask for a new one.")
        socket = web.WebSocketResponse(heartbeat=10, max_msg_size=4 * 1024 * 1024)
        await socket.prepare(request)
        connection = Connection("c_" + secrets.token_hex(4), socket, request)
        if self.count >= MAX_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        self._connections.append(connection)
        self._changed()
        try:
            await socket.send_json(self._hello(connection))
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    self._answer(str(message.data))
        except ConnectionError:
            connection.broken = True  # what was on its way is redelivered
        finally:
            self._connections.remove(connection)
            self._changed()
        return socket

    def _hello(self, connection: Connection) -> JsonObject:
        return {
            "type": "hello",
            "num_connections": self.count,
            "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": connection.id, "build_number": 1, "approximate_connection_time": 18_060},
        }

    def _answer(self, data: str) -> None:
        try:
            message: Any = json.loads(data)
        except ValueError:
            return  # Slack ignores what is no JSON
        if not is_object(message):
            return
        entry = self._pending.get(str(message.get("envelope_id")))
        if entry is None or self._faults.takes_ack():
            return
        delivery, record = entry
        record.acked_at = record.acked_at or time.time()
        payload = message.get("payload")
        delivery.ack(payload if is_object(payload) else {})

    def _next(self) -> Connection | None:
        ready = [each for each in self._connections if not (each.leaving or each.broken or each.socket.closed)]
        if not ready:
            return None
        self._turn += 1
        return ready[self._turn % len(ready)]

    async def send(self, delivery: Delivery, *, seconds: float) -> None:
        """One attempt over one socket. Raises :class:`NotAcked`."""
        connection = self._next()
        if connection is None:
            raise NotAcked("connection_failed")
        envelope_id = new_envelope_id()
        record = EnvelopeRecord(
            envelope_id,
            delivery.kind,
            delivery.event_id,
            delivery.label,
            delivery.attempt,
            time.time(),
            connection=connection.id,
        )
        self._stats.envelopes.append(record)
        self._pending[envelope_id] = (delivery, record)
        delivery.acked.add_done_callback(lambda _: self._pending.pop(envelope_id, None))
        envelope: JsonObject = {
            "envelope_id": envelope_id,
            "payload": delivery.payload,
            "type": delivery.kind,
            "accepts_response_payload": delivery.kind != "events_api",
        }
        if delivery.kind == "events_api":
            envelope |= {"retry_attempt": delivery.attempt, "retry_reason": delivery.reason or ""}
        try:
            await connection.socket.send_json(envelope)
        except ConnectionError as error:
            raise NotAcked("connection_failed") from error
        if not await acked_within(delivery, seconds=seconds):
            raise NotAcked("timeout")

    def forget(self, delivery: Delivery) -> None:
        """Nobody waits for it any more: a later acknowledgement means nothing."""
        self._pending = {key: entry for key, entry in self._pending.items() if entry[0] is not delivery}

    def drop(self) -> int:
        """Break every socket. Returns how many."""
        broken = [connection for connection in self._connections if not connection.broken]
        for connection in broken:
            connection.abort()
        return len(broken)

    async def ask_to_leave(self, reason: Disconnect) -> int:
        """Send every socket a disconnect message; close those still there after a while. Returns how many."""
        asked = [each for each in self._connections if not each.leaving]
        for connection in asked:
            connection.leaving = True
            await connection.socket.send_json(
                {"type": "disconnect", "reason": reason, "debug_info": {"host": connection.id}}
            )
            asyncio.get_running_loop().call_later(GOODBYE_SECONDS, connection.abort)
        return len(asked)

    async def close(self) -> None:
        """The server goes away: say so on every socket."""
        for connection in list(self._connections):
            await connection.socket.close(code=WSCloseCode.GOING_AWAY, message=b"server shutdown")


def require_app_token(token: str, *, app_token: str, bot_token: str) -> None:
    """`apps.connections.open` takes the app-level token only. Raises `not_allowed_token_type` or `invalid_auth`."""
    if token == bot_token:
        raise SlackError("not_allowed_token_type")
    if not secrets.compare_digest(token.encode(), app_token.encode()):
        raise SlackError("invalid_auth")
