"""HTTP mode: the same payloads as signed requests to the app's request URLs."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp

from bot.local.slack.errors import Refused
from bot.local.slack.events import VERIFICATION_TOKEN
from bot.local.slack.jsonvalues import is_object
from bot.local.slack.stats import EnvelopeRecord, Stats
from bot.local.slack.transport import Delivery, Kind, NotAcked, RetryReason, new_envelope_id
from tools.contracts.common import JsonObject

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass
class RequestUrls:
    """Where the app wants each kind; the same URL for all of them is usual with Bolt."""

    events: str
    interactivity: str
    commands: str

    def of(self, kind: Kind) -> str:
        return {"events_api": self.events, "interactive": self.interactivity, "slash_commands": self.commands}[kind]


def signature(secret: str, *, timestamp: str, body: bytes) -> str:
    """Slack's `X-Slack-Signature`, version v0."""
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
    return "v0=" + digest.hexdigest()


class Webhooks:
    """Sends to request URLs on this machine only."""

    def __init__(self, stats: Stats, *, signing_secret: str) -> None:
        self._stats = stats
        self._secret = signing_secret
        self.urls: RequestUrls | None = None

    async def configure(self, urls: RequestUrls | None) -> None:
        """Use these from now on (None: Socket Mode), after Slack's challenge to the events URL.

        Raises :class:`Refused` when a URL is not on this machine or does not answer the challenge.
        """
        if urls is not None:
            for url in (urls.events, urls.interactivity, urls.commands):
                if urlsplit(url).scheme != "http" or urlsplit(url).hostname not in LOOPBACK:
                    raise Refused(f"A request URL must be http:// on this machine, got {url}: nothing was changed.")
            await self._challenge(urls.events)
        self.urls = urls

    async def _challenge(self, url: str) -> None:
        challenge = secrets.token_urlsafe(24)
        body = json.dumps({"type": "url_verification", "token": VERIFICATION_TOKEN, "challenge": challenge})
        try:
            _, text, _ = await self._post(url, body.encode(), "application/json", seconds=3)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Refused(f"{url} could not be reached ({error}): nothing was changed.") from error
        if challenge not in text:
            raise Refused(f"{url} did not answer the url_verification challenge: nothing was changed.")

    async def _post(
        self, url: str, body: bytes, content_type: str, *, seconds: float, headers: dict[str, str] | None = None
    ) -> tuple[int, str, bool]:
        timestamp = str(int(time.time()))
        signed = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (local simulation)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self._secret, timestamp=timestamp, body=body),
            **(headers or {}),
        }
        limit = aiohttp.ClientTimeout(total=seconds)
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.post(url, data=body, headers=signed, allow_redirects=False) as response,
        ):
            return response.status, await response.text(), response.headers.get("X-Slack-No-Retry") == "1"

    async def send(self, delivery: Delivery, *, seconds: float) -> None:
        """One signed request. Raises :class:`NotAcked`."""
        if self.urls is None:
            raise NotAcked("connection_failed")
        record = EnvelopeRecord(
            new_envelope_id(), delivery.kind, delivery.event_id, delivery.label, delivery.attempt, time.time()
        )
        self._stats.envelopes.append(record)
        body, content_type = _encoded(delivery)
        retry = {"X-Slack-Retry-Num": str(delivery.attempt), "X-Slack-Retry-Reason": delivery.reason or ""}
        try:
            status, text, no_retry = await self._post(
                self.urls.of(delivery.kind),
                body,
                content_type,
                seconds=seconds,
                headers=retry if delivery.attempt else None,
            )
        except (TimeoutError, aiohttp.ClientError) as error:
            reason: RetryReason = "http_timeout" if isinstance(error, asyncio.TimeoutError) else "connection_failed"
            raise NotAcked(reason) from error
        if status // 100 != 2:
            delivery.no_retry = no_retry
            raise NotAcked("http_error")
        record.acked_at = time.time()
        delivery.ack(_response_payload(text))


def _encoded(delivery: Delivery) -> tuple[bytes, str]:
    if delivery.kind == "events_api":
        return json.dumps(delivery.payload).encode(), "application/json"
    fields: dict[str, str] = (
        {"payload": json.dumps(delivery.payload)}
        if delivery.kind == "interactive"
        else {key: str(value) for key, value in delivery.payload.items()}
    )
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def _response_payload(text: str) -> JsonObject:
    if not text.strip():
        return {}
    try:
        value: Any = json.loads(text)
    except ValueError:
        return {"text": text}
    return value if is_object(value) else {}
