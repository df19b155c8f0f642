"""The files of the workspace: what was uploaded, by whom, and where it lies on this machine."""

from __future__ import annotations

import mimetypes
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import quote

from bot.local.slack.errors import SlackError
from bot.local.slack.seed import TEAM_ID
from tools.contracts.common import JsonObject

MOST_BYTES = 20 * 1024 * 1024
"""Of one file. Slack takes a gigabyte; this is a workspace on one's own machine."""

_NAME_LIMIT = 200


@dataclass
class File:
    """One file. Its bytes are in the shelf's directory under its id."""

    id: str
    name: str
    user: str
    size: int
    created: int
    title: str = ""
    shared: bool = False
    """Whether a message carries it. Before that only its uploader knows of it."""
    mode: str = "hosted"
    channels: list[str] = field(default_factory=list[str])
    team: str = TEAM_ID

    @property
    def media_type(self) -> str:
        """By its name, as Slack guesses it first."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    def shown(self, base: str) -> JsonObject:
        """As Slack's file object. `base`: where this server can be reached."""
        path = f"{base}/files-pri/{self.team}-{self.id}"
        name = quote(self.name)
        return {
            "id": self.id,
            "created": self.created,
            "timestamp": self.created,
            "name": self.name,
            "title": self.title or self.name,
            "mimetype": self.media_type,
            "filetype": self.name.rpartition(".")[2].lower() if "." in self.name else "text",
            "user": self.user,
            "user_team": self.team,
            "editable": False,
            "size": self.size,
            "mode": self.mode,
            "is_external": False,
            "external_type": "",
            "is_public": False,
            "public_url_shared": False,
            "url_private": f"{path}/{name}",
            "url_private_download": f"{path}/download/{name}",
            "permalink": f"{base}/files/{self.user}/{self.id}/{name}",
            "channels": self.channels,
            "file_access": "visible",
        }


class Shelf:
    """Writes files down before it answers. `write` puts an entry into the workspace's journal."""

    def __init__(self, directory: Path, write: Callable[[str, JsonObject], None], *, team: str = TEAM_ID) -> None:
        self._directory = directory
        self._write = write
        self._team = team
        self._files: dict[str, File] = {}
        self._expected: dict[str, str] = {}
        """Ticket of an upload → the file it is for."""

    def restore(self, value: JsonObject) -> None:
        file = File(**value)
        self._files[file.id] = file

    def expect(self, name: str, *, user: str, size: int) -> tuple[File, str]:
        """A file that is about to be uploaded, and the ticket that its bytes come with."""
        if not 0 < size <= MOST_BYTES:
            raise SlackError("invalid_arguments", "[ERROR] length must be 1 byte to 20 MB here")
        file = File(
            f"F0{secrets.token_hex(5).upper()}",
            name[:_NAME_LIMIT] or "untitled",
            user,
            size,
            int(time.time()),
            team=self._team,
        )
        ticket = secrets.token_urlsafe(24)
        self._files[file.id], self._expected[ticket] = file, file.id
        return file, ticket

    def fill(self, ticket: str, data: bytes) -> File:
        """The bytes for a ticket. Raises `file_not_found` for a ticket that is not, or no longer, expected."""
        file = self._files.get(self._expected.pop(ticket, ""))
        if file is None or len(data) != file.size:
            raise SlackError("file_not_found")
        self._directory.mkdir(parents=True, exist_ok=True)
        (self._directory / file.id).write_bytes(data)
        self._keep(file)
        return file

    def add(self, name: str, data: bytes, *, user: str) -> File:
        """A person's upload, in one go."""
        _, ticket = self.expect(name, user=user, size=len(data))
        return self.fill(ticket, data)

    def share(self, file: File, channel: str, *, title: str = "") -> None:
        file.shared, file.title = True, title or file.title
        file.channels = [*dict.fromkeys([*file.channels, channel])]
        self._keep(file)

    def file(self, file_id: str) -> File:
        """Raises `file_not_found`."""
        found = self._files.get(file_id)
        if found is None or not (self._directory / found.id).exists():
            raise SlackError("file_not_found")
        return found

    def read(self, file: File) -> bytes:
        return (self._directory / file.id).read_bytes()

    def _keep(self, file: File) -> None:
        self._write(f"file:{file.id}", asdict(file))
