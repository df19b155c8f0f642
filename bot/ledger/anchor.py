"""The anchor: each chain's head, keyed and kept outside SQL, so that a cut tail shows.

The order is: commit to SQL, advance the anchor, and only then does `Ledger.record` return. From it follows:

- The anchor is never ahead of SQL, whatever crashes when (SQLite runs with `synchronous=FULL` for this). An anchor
  further on than the chain is therefore a cut tail, never an accident.
- A crash between commit and advance leaves the anchor behind by what that commit held. Those entries are valid links
  under the key, so `verify` accepts and reports the lag; the next append of any process moves the anchor over them.
- The window that remains: entries committed but not yet anchored can be cut unseen. No `record` call had returned
  for any of them, so nothing was done on their strength.
- An anchor is made, at entry 0, before an org's first commit. An org with entries and no anchor has lost it: `verify`
  says so, and appends are refused.
- An anchor goes backwards in one case, `bot/ledger/losing.py`: a person takes on that entries are lost, and says how
  many; the chain keeps that, under the key, before the anchor moves.
- What a file cannot show: that file *and* rows were put back together to an earlier state. Who can do both can also
  delete both; keep the anchors on a disk the database's owner cannot write, or ship exports elsewhere.

- The file is one sector, and is written over in its place. That a disk writes a sector whole or not at all is what
  PostgreSQL counts on for its control file, too. A longer one (an org with a very long name) is replaced.

One anchor serves all writers of a chain: several hosts need a directory they share, or another `Anchor`.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from bot.ledger.chain import Head, anchor_mac, require_key, same
from tools.contracts.common import Contract, canonical_json

SECTOR = 512
"""Bytes. The smallest that disks have."""
_READINGS = 10
_READING_SECONDS = 0.005


class AnchorError(Exception):
    """The anchor cannot be trusted or reached: nothing may be appended."""


class AnchorTampered(AnchorError):
    """The anchor was edited, belongs to another org, or was written with another key."""


class AnchorUnavailable(AnchorError):
    """The anchor cannot be read or written."""


class Anchor(Protocol):
    """Remembers, outside SQL, how far each org's chain has come."""

    async def read(self, org: str) -> Head | None:
        """The org's head, or None when it never had one. Raises :class:`AnchorError`."""
        ...

    def read_now(self, org: str) -> Head | None:
        """:meth:`read`, from within a transaction: blocking, and short."""
        ...

    def advance_now(self, org: str, head: Head) -> None:
        """Move the org's anchor forward, durably; an older head changes nothing. Raises :class:`AnchorError`.

        From within a transaction: blocking, and short.
        """
        ...


class _AnchorFile(Contract):
    org: str
    seq: int
    hash: str
    mac: str


@lru_cache(maxsize=1024)
def _file_of(directory: Path, org: str) -> Path:
    return directory / f"{hashlib.sha256(org.encode()).hexdigest()}.anchor.json"


def _size_of(path: Path) -> int | None:
    """Bytes; None: there is no such file."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


class FileAnchor:
    """One small file per org in `directory`, written whole and flushed, locked between processes that write."""

    def __init__(self, directory: Path, *, key: bytes) -> None:
        self._directory = directory
        self._key = require_key(key)
        self._checked: tuple[str, bytes, Head] | None = None
        """The org, the text and the head of the file that was last found to be what was written."""

    async def read(self, org: str) -> Head | None:
        return await asyncio.to_thread(self.read_now, org)

    def path(self, org: str) -> Path:
        """The org's file. An org is named by others, so its digest names the file."""
        return _file_of(self._directory, org)

    def read_now(self, org: str) -> Head | None:
        path = self.path(org)
        left = _READINGS
        while True:
            left -= 1
            try:
                return self._read(path, org)
            except FileNotFoundError:
                return None
            except OSError as error:
                raise AnchorUnavailable(f"The ledger's anchor {path} cannot be read ({error.strerror}).") from error
            except AnchorTampered:
                if not left:
                    raise
                # Another may be writing it just now, and half of what it writes be seen.
                time.sleep(_READING_SECONDS)

    def _read(self, path: Path, org: str) -> Head:
        text = path.read_bytes()
        checked = self._checked
        if checked is not None and checked[:2] == (org, text):
            return checked[2]
        try:
            stored = _AnchorFile.model_validate_json(text)
        except ValidationError as error:
            raise AnchorTampered(f"The ledger's anchor {path} is not an anchor any more.") from error
        head = Head(stored.seq, stored.hash)
        if stored.org != org or not same(stored.mac, anchor_mac(org, head, key=self._key)):
            raise AnchorTampered(
                f"The ledger's anchor {path} was edited, or was written with another key than the one in use."
            )
        self._checked = org, text, head
        return head

    def advance_now(self, org: str, head: Head) -> None:
        path = self.path(org)
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._lock(path):
                current = self.read_now(org)
                if current is not None and current.seq == head.seq and not same(current.hash, head.hash):
                    raise AnchorTampered(
                        f"The ledger's anchor {path} knows another entry {head.seq} than the one just written."
                    )
                if current is None or current.seq < head.seq:
                    self._write(path, org, head)
        except OSError as error:
            raise AnchorUnavailable(f"The ledger's anchor {path} cannot be written ({error.strerror}).") from error

    def set_back_now(self, org: str, head: Head, *, instead_of: Head) -> None:
        """Set the org's anchor to an earlier head than the one it holds, or another in its place: for
        `bot/ledger/losing.py` alone. Raises :class:`AnchorError`, also when it does not hold `instead_of` any more.
        """
        path = self.path(org)
        try:
            with self._lock(path):
                if self.read_now(org) not in (instead_of, head):
                    raise AnchorTampered(f"The ledger's anchor {path} moved meanwhile.")
                self._write(path, org, head)
        except OSError as error:
            raise AnchorUnavailable(f"The ledger's anchor {path} cannot be written ({error.strerror}).") from error

    def heads(self) -> dict[str, Head]:
        """Org → its head, of all there are. Raises :class:`AnchorError`."""
        found: dict[str, Head] = {}
        for path in sorted(self._directory.glob("*.anchor.json")):
            org = self._org(path)
            if self.path(org) != path or (head := self.read_now(org)) is None:
                raise AnchorTampered(f"The ledger's anchor {path} is not in its place.")
            found[org] = head
        return found

    def _org(self, path: Path) -> str:
        """As the file says; :meth:`_read` checks it."""
        left = _READINGS
        while True:
            left -= 1
            try:
                return _AnchorFile.model_validate_json(path.read_bytes()).org
            except OSError as error:
                raise AnchorUnavailable(f"The ledger's anchor {path} cannot be read ({error.strerror}).") from error
            except ValidationError as error:
                if not left:
                    raise AnchorTampered(f"The ledger's anchor {path} is not an anchor any more.") from error
                time.sleep(_READING_SECONDS)

    @contextmanager
    def _lock(self, path: Path) -> Generator[None]:
        """Between threads and processes alike; the kernel releases it when its holder dies."""
        descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _write(self, path: Path, org: str, head: Head) -> None:
        stored = _AnchorFile(org=org, seq=head.seq, hash=head.hash, mac=anchor_mac(org, head, key=self._key))
        # JSON, and spaces to the end of the sector.
        content = canonical_json(stored).ljust(SECTOR)
        if len(content) == SECTOR and _size_of(path) == SECTOR:
            descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
            try:
                if os.pwrite(descriptor, content, 0) != SECTOR:
                    raise OSError(errno.EIO, "not all of it was written")
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
        else:
            self._replace(path, content)
        self._checked = org, content, head

    def _replace(self, path: Path, content: bytes) -> None:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.stem}.", dir=self._directory)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        # Without this the rename itself may be lost in a power cut.
        directory = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
