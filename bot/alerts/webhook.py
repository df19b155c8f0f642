"""The webhook for Alertmanager: authenticated, bounded, and answered 200 only when what it brought is durable."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog
from aiohttp import web

from bot.alerts.door import AlertDoor
from bot.alerts.names import WEBHOOK_PATH
from bot.alerts.webhook_body import received
from bot.intake import HandOverFailed
from bot.starting import needed

MOST_BYTES = 1_000_000
"""Of a body."""

READ_SECONDS = 10.0
"""For the head of a request, and again for its body. Who sends more slowly keeps a place that others need."""

LINGER_SECONDS = 1.0
"""What of a body that was refused is still on its way is read for so long, so that its sender sees the answer."""

AT_ONCE = 256
"""Bodies being handed over. One more is to be sent again, before it is read: what waits here is nobody's yet."""

BYTES_AT_ONCE = 32_000_000
"""Of all bodies being handed over, by what their heads say; one that does not say it counts :data:`MOST_BYTES`."""


@dataclass(frozen=True)
class Webhook:
    """Takes alerts for one channel of one org."""

    door: AlertDoor
    org: str
    channel: str
    accepted: Sequence[bytes]
    """Digests of the `Authorization` headers that may come in. Empty: none may."""
    read_seconds: float = READ_SECONDS
    _taking: list[int] = field(default_factory=list[int], init=False)
    """Bytes of each body that is being handed over."""

    def app(self) -> web.Application:
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_post(WEBHOOK_PATH, self._post)
        return app

    async def _post(self, request: web.Request) -> web.Response:
        if not self._may(request.headers.get("Authorization", "")):
            return web.Response(
                status=401, text="Not authorized. Nothing was taken.\n", headers={"WWW-Authenticate": "Bearer, Basic"}
            )
        size = min(request.content_length or MOST_BYTES, MOST_BYTES)
        if len(self._taking) >= AT_ONCE or sum(self._taking) + size > BYTES_AT_ONCE:
            log = structlog.get_logger("gavel.alerts")
            log.warning("The webhook takes no more at once, and answered 503: Alertmanager sends it again.")
            return _again()
        self._taking.append(size)
        try:
            return await self._take(request)
        finally:
            self._taking.remove(size)

    async def _take(self, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(self.read_seconds):
                # Raises 413 when it is larger, before all of it is read.
                body = await request.read()
        except TimeoutError:
            late = f"The body did not come within {self.read_seconds:g} s. Nothing was taken.\n"
            return web.Response(status=408, text=late, headers={"Connection": "close"})
        alerts = received(body, now=self.door.now)
        takes = (self.door.take(one.notice, one.seen, org=self.org, channel=self.channel) for one in alerts)
        results = await asyncio.gather(*takes, return_exceptions=True)
        failed = [result for result in results if isinstance(result, BaseException)]
        unexpected = next((error for error in failed if not isinstance(error, HandOverFailed)), None)
        if unexpected is not None:
            raise unexpected
        if failed:
            log = structlog.get_logger("gavel.alerts")
            log.warning(f"{failed[0]} The webhook answered 503: Alertmanager sends it again.", alerts=len(failed))
            return _again()
        return web.Response(text=f"{len(alerts)} taken.\n")

    def _may(self, header: str) -> bool:
        """In the same time whichever it is, and however much of it is right."""
        given = digest_of_header(header)
        right = [hmac.compare_digest(given, known) for known in self.accepted]
        return any(right)


def _again() -> web.Response:
    return web.Response(status=503, text="Not all of it could be kept. Send it again.\n", headers={"Retry-After": "5"})


def digest_of_header(header: str) -> bytes:
    """The scheme's case does not count."""
    scheme, _, credentials = header.partition(" ")
    return hashlib.sha256(f"{scheme.lower()} {credentials.strip()}".encode(errors="replace")).digest()


def accepted_headers(*, token: str | None, user: str, password: str | None) -> list[bytes]:
    """Digests of those that open the webhook."""
    headers = [f"Bearer {token}"] if token else []
    if password:
        headers.append("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())
    return [digest_of_header(header) for header in headers]


@asynccontextmanager
async def listening_for_alerts(webhook: Webhook, *, host: str, port: int) -> AsyncGenerator[int]:
    """The port it listens on. Raises `StackError` where that is taken."""
    # It closes what sent no whole head within that time, too. By default it would wait an hour.
    runner = web.AppRunner(
        webhook.app(), access_log=None, keepalive_timeout=webhook.read_seconds, lingering_time=LINGER_SECONDS
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        with needed(f"Alertmanager's webhook cannot be taken on {host}:{port}"):
            await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
