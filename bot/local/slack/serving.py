"""Files over HTTP: handed to the app for its token, to the page for a look, and taken from an upload URL."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from bot.local.slack.errors import SlackError
from bot.local.slack.faults import Faults
from bot.local.slack.shelf import File
from bot.local.slack.workspace import Workspace

SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Types that the page may draw. Anything else is only saved: a file of somebody's must not run here."""

IsOurs = Callable[[str, str], bool]
"""Token and scope → whether it is the app's of the workspace, and has it."""

UPLOAD, DOWNLOAD = "upload", "url_private"
"""What faults call the two transfers, which are no methods."""


class FileDoors:
    """The routes of files."""

    def __init__(self, workspace: Workspace, faults: Faults, *, is_ours: IsOurs) -> None:
        self._is_ours = is_ours
        self._workspace = workspace
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """Every route."""
        return [
            web.get("/files-pri/{file}/{name}", self.private),
            web.get("/files-pri/{file}/download/{name}", self.private),
            web.get("/local/file/{file}", self.look),
            web.post("/upload/v1/{ticket}", self.upload),
        ]

    async def private(self, request: web.Request) -> web.Response:
        """`url_private`: only with the app's token and its scope; whoever else asks is sent to sign in, as by Slack."""
        if self._faults.takes_failure(DOWNLOAD):
            return web.Response(status=500)
        if (wait := self._faults.seconds_of_429(DOWNLOAD)) > 0:
            return web.Response(status=429, headers={"Retry-After": str(max(1, round(wait + 0.5)))})
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or not self._is_ours(token, "files:read"):
            raise web.HTTPFound("/?redir=" + request.path)
        return self._answer(request.match_info["file"].removeprefix(f"{self._workspace.team.id}-"))

    async def look(self, request: web.Request) -> web.Response:
        """For the page, which is guarded as all of `/local/` is."""
        return self._answer(request.match_info["file"])

    async def upload(self, request: web.Request) -> web.Response:
        """The bytes of one file, raw or as a form's one file. A ticket is good once."""
        if self._faults.takes_failure(UPLOAD):
            return web.Response(status=500)
        data = await request.read()
        if request.content_type == "multipart/form-data":
            form = await request.post()
            parts = [value.file.read() for value in form.values() if isinstance(value, web.FileField)]
            data = parts[0] if parts else b""
        try:
            file = self._workspace.files.fill(request.match_info["ticket"], data)
        except SlackError:
            return web.Response(status=400, text="file_not_found")
        return web.Response(text=f"OK - {file.size}")

    def _answer(self, file_id: str) -> web.Response:
        try:
            file = self._workspace.files.file(file_id)
        except SlackError:
            return web.Response(status=404)
        return web.Response(body=self._workspace.files.read(file), headers=_headers(file))


def _headers(file: File) -> dict[str, str]:
    if file.media_type in SHOWN:
        return {"Content-Type": file.media_type}
    return {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}
