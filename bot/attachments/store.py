"""Files in SQL: sealed, by task, for so many days. Temporal and the ledger carry no file, only that there was one."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from bot.ledger.database import Database, reason_of
from bot.ledger.statements import Question
from bot.ledger.tables import TaskFile
from tools.contracts.ledger import LedgerUnavailable

FileKind = Literal["image", "text", "refused"]

_NONCE_BYTES = 12

# Made once: to make a statement takes longer than to run it.
_OF_TASK = (TaskFile.org == bindparam("org")) & (TaskFile.task_id == bindparam("task_id"))
_ANY = Question(select(TaskFile.file_id).where(_OF_TASK).limit(1))
_ALL = select(*TaskFile.__table__.columns).where(_OF_TASK).order_by(TaskFile.created_at, TaskFile.file_id)

_KINDS: dict[str, FileKind] = {"image": "image", "text": "text", "refused": "refused"}


@dataclass(frozen=True)
class StoredFile:
    """One attached file, or that it was refused."""

    file_id: str
    """Slack's."""
    name: str
    """Redacted, on one line. Untrusted."""
    kind: FileKind
    media_type: str
    size: int
    """Bytes as received; 0 for what was not fetched."""
    digest: str
    """`sha256:…` of what is kept; empty for what was refused."""
    note: str = ""
    """Why it was refused; or which secrets were taken out of it."""
    body: bytes = field(default=b"", repr=False)


class FilesUnreadable(Exception):
    """A kept file does not open: it is not what was sealed. It is not used."""


@dataclass(frozen=True)
class FileStore:
    """Raises `LedgerUnavailable` where the database does not answer: files are kept beside the ledger."""

    database: Database
    key: bytes = field(repr=False)
    now: Callable[[], datetime]

    async def put(self, org: str, task_id: str, file: StoredFile) -> None:
        """Keep it. A file that is there already stays as it is."""
        nonce = os.urandom(_NONCE_BYTES)
        row = {
            "org": org,
            "task_id": task_id,
            "file_id": file.file_id,
            "name": file.name,
            "kind": file.kind,
            "media_type": file.media_type,
            "size": file.size,
            "digest": file.digest,
            "note": file.note,
            "nonce": base64.b64encode(nonce).decode(),
            "sealed": self._seal(nonce, file.body, _place(org, task_id, file)),
            "created_at": self.now(),
        }
        try:
            await self.database.transact("files", lambda connection: connection.execute(insert(TaskFile).values(row)))
        except IntegrityError:
            return  # an earlier attempt kept it
        except (SQLAlchemyError, OSError) as error:
            raise _away(error) from error

    async def of_task(self, org: str, task_id: str) -> list[StoredFile]:
        """In the order in which they were attached. Raises :class:`FilesUnreadable` too."""
        task = {"org": org, "task_id": task_id}
        try:
            # Most tasks have none, and files are large: they are read in a thread.
            if await self.database.glance(lambda connection: _ANY.row(connection, task)) is None:
                return []
            rows = await self.database.look(lambda connection: connection.execute(_ALL, task).mappings().all())
        except (SQLAlchemyError, OSError) as error:
            raise _away(error) from error
        found: list[StoredFile] = []
        for row in rows:
            file = StoredFile(
                file_id=row["file_id"],
                name=row["name"],
                kind=_KINDS[row["kind"]],
                media_type=row["media_type"],
                size=row["size"],
                digest=row["digest"],
                note=row["note"],
            )
            body = self._unseal(row["nonce"], row["sealed"], _place(org, task_id, file))
            found.append(replace(file, body=body))
        return found

    async def forget(self, *, older_than_days: int) -> int:
        """Remove what was kept for so long; how many."""
        before = self.now() - timedelta(days=older_than_days)

        def remove(connection: Connection) -> int:
            return connection.execute(delete(TaskFile).where(TaskFile.created_at < before)).rowcount

        try:
            return await self.database.transact("files", remove)
        except (SQLAlchemyError, OSError) as error:
            raise _away(error) from error

    def _seal(self, nonce: bytes, body: bytes, place: bytes) -> str:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # late: see `bot.keys`

        return base64.b64encode(AESGCM(self.key).encrypt(nonce, body, place)).decode()

    def _unseal(self, nonce: str, sealed: str, place: bytes) -> bytes:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(self.key).decrypt(
                base64.b64decode(nonce, validate=True), base64.b64decode(sealed, validate=True), place
            )
        except (InvalidTag, ValueError, binascii.Error):
            raise FilesUnreadable("A kept file is not what was sealed for this task. It is not used.") from None


def _place(org: str, task_id: str, file: StoredFile) -> bytes:
    """What the seal holds besides the file: a row that is moved, or whose words are changed, does not open."""
    parts: Sequence[str | int] = (
        "gavel/task-file/v1",
        org,
        task_id,
        file.file_id,
        file.name,
        file.kind,
        file.media_type,
        file.size,
        file.digest,
        file.note,
    )
    return json.dumps(parts).encode()


def _away(error: Exception) -> LedgerUnavailable:
    return LedgerUnavailable(f"The database that keeps files did not answer: {reason_of(error)}")
