"""How a payload reaches the app, and what an acknowledgement is. Two ways: a socket, or a signed HTTP request."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import Literal, Protocol

from bot.local.slack.jsonvalues import is_object
from tools.contracts.common import JsonObject

Kind = Literal["events_api", "interactive", "slash_commands"]
RetryReason = Literal["timeout", "http_error", "connection_failed", "http_timeout"]


@dataclass
class Delivery:
    """One payload on its way. Every attempt has its own envelope; an acknowledgement of any of them counts."""

    kind: Kind
    payload: JsonObject
    acked: asyncio.Future[JsonObject] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """Resolves with the response payload; empty when there is none."""
    attempt: int = 0
    reason: RetryReason | None = None
    """Why the attempt before this one failed."""
    no_retry: bool = False
    """The app answered `X-Slack-No-Retry: 1`."""

    def ack(self, payload: JsonObject) -> None:
        if not self.acked.done():
            self.acked.set_result(payload)

    @property
    def event_id(self) -> str:
        return str(self.payload.get("event_id", ""))

    @property
    def label(self) -> str:
        event = self.payload.get("event")
        if is_object(event):
            return ".".join(str(event[part]) for part in ("type", "subtype") if part in event)
        return str(self.payload.get("type") or self.payload.get("command") or self.kind)


class NotAcked(Exception):
    """The app did not acknowledge in time, or could not be reached."""

    def __init__(self, reason: RetryReason) -> None:
        super().__init__(reason)
        self.reason: RetryReason = reason


class Transport(Protocol):
    async def send(self, delivery: Delivery, *, seconds: float) -> None:
        """One attempt. Returns once `delivery.acked` is done; raises :class:`NotAcked`."""
        ...


def new_envelope_id() -> str:
    return str(uuid.uuid4())


async def acked_within(delivery: Delivery, *, seconds: float) -> bool:
    """Wait for an acknowledgement of any attempt."""
    await asyncio.wait({delivery.acked}, timeout=seconds)
    return delivery.acked.done()
