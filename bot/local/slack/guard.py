"""Keeps other web pages out: a malicious site open in the machine's browser must not be able to drive this server."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

_CONTROL = re.compile(r"(/team/[A-Z0-9]+)?/local/")
"""What begins like this acts as people, in whichever workspace."""

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""No framing (an Approve button must not be clicked through another page), no scripts but our own, and no text that the
browser would parse as HTML: it refuses `innerHTML` and its like on this page altogether."""


def _hostname(authority: str) -> str | None:
    try:
        return urlsplit(f"//{authority}").hostname
    except ValueError:
        return None


def refusal(request: web.Request) -> str | None:
    """Why this request is not answered, in a sentence; None when it may go on."""
    if _hostname(request.headers.get("Host", "")) not in LOOPBACK_NAMES:
        return "The Host header does not name this machine (127.0.0.1 or localhost): refused, nothing was done."
    if _CONTROL.match(request.path) is None:
        return None
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return "Another web site asked for this: refused, nothing was done."
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{request.host}":
        return "The Origin header names another web site: refused, nothing was done."
    if request.method == "POST" and request.content_type != "application/json":
        return "The control API takes application/json only: refused, nothing was done."
    return None


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 403 to what :func:`refusal` refuses, and set the security headers on every answer."""
    sentence = refusal(request)
    if sentence is not None:
        return web.json_response({"ok": False, "error": sentence}, status=403, headers=HEADERS)
    return await handler(request)


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """An `on_response_prepare` signal, so that streams get the headers too."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
