"""Only programs on this machine: a web page must not be able to reach a local server (DNS rebinding, CSRF)."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.local.rehearsal.wire import error_body

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@web.middleware
async def loopback_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """403 for a Host that is not loopback, and for anything a browser sends on behalf of a page."""
    try:
        host = urlsplit(f"//{request.headers.get('Host', '')}").hostname
    except ValueError:
        host = None
    if host not in _LOOPBACK or "Origin" in request.headers:
        message = "this server answers programs on this machine only: Host must be loopback, Origin absent"
        return web.json_response(error_body(message, "forbidden"), status=403)
    return await handler(request)
