"""Serves the page: as Vite built it (`make page`), or, until it is built, one that says how."""

from __future__ import annotations

import asyncio
from importlib import resources
from importlib.resources.abc import Traversable

from aiohttp import web

_TYPES = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2"}
"""What a build consists of beside `index.html`. Nothing else is served."""


class Page:
    """`folder` holds `unbuilt.html` and, once it is built, `dist`.

    Looked up at each request: `make demo` builds the page while the workspace already runs.
    """

    def __init__(self, folder: Traversable | None = None) -> None:
        self._folder = folder or resources.files("bot.local.slack") / "page"

    def routes(self) -> list[web.RouteDef]:
        """Every route of the page. A permalink of a message opens it there."""
        return [
            web.get("/", self.index),
            web.get("/archives/{channel}/{message}", self.index),
            web.get("/assets/{name}", self.asset),
        ]

    async def index(self, _: web.Request) -> web.Response:
        """The page itself, wherever in the workspace its address leads."""

        def read() -> str:
            built = self._folder / "dist" / "index.html"
            return (built if built.is_file() else self._folder / "unbuilt.html").read_text("utf-8")

        return web.Response(text=await asyncio.to_thread(read), content_type="text/html", charset="utf-8")

    async def asset(self, request: web.Request) -> web.Response:
        """A part of the built page. 404 for what the build did not make."""
        name = request.match_info["name"]
        content_type = next((kind for ending, kind in _TYPES.items() if name.endswith(ending)), None)
        folder = self._folder / "dist" / "assets"

        def read() -> bytes | None:
            # Out of the list of what is there: a name is never made into a path.
            found = {part.name: part for part in folder.iterdir()} if folder.is_dir() else {}
            return found[name].read_bytes() if name in found else None

        body = await asyncio.to_thread(read) if content_type else None
        if body is None:
            raise web.HTTPNotFound
        return web.Response(body=body, content_type=content_type)
