"""The data directory: one stack at a time, its user's only, and a note of where the parts are."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.local.errors import StackError
from bot.local.files import write_whole


class Whereabouts(BaseModel):
    """What a running stack tells `gavel worker`, `doctor` and `ledger`. Holds no secret."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    pid: int
    org: str
    embedded: dict[str, str]
    """Part → address, of the embedded parts only."""


class DataDirectory:
    """Paths in the directory. Blocking methods; raise :class:`StackError` with what to do."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.logs = root / "logs"
        self.ports = root / "ports.json"
        self._lock = root / "lock"
        self._whereabouts = root / "stack.json"

    def prepare(self) -> None:
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.logs.mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise StackError(
                f"The data directory {self.root} cannot be made ({error.strerror}). Nothing was started; "
                "set GAVEL_DATA_DIR to a directory this user may write."
            ) from error

    @contextmanager
    def claimed(self) -> Generator[None]:
        """Hold the directory. The lock is the kernel's: it goes with the process, however that ends."""
        self.prepare()
        try:
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StackError(
                f"{self._lock} cannot be written ({error.strerror}). Nothing was started; "
                "set GAVEL_DATA_DIR to a directory this user may write."
            ) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
                raise StackError(
                    f"Another gavel (process {holder or 'unknown'}) runs its embedded parts in {self.root}. Nothing "
                    "was started; stop that one, or set GAVEL_DATA_DIR to another directory."
                ) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def is_claimed(self) -> bool:
        """Whether a stack runs here now."""
        try:
            descriptor = os.open(self._lock, os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def remember(self, whereabouts: Whereabouts) -> None:
        write_whole(self._whereabouts, whereabouts.model_dump_json(indent=2) + "\n")

    def remembered(self) -> Whereabouts | None:
        """Of the stack that runs here, or ran last; None when none ever did (or the note is damaged)."""
        try:
            return Whereabouts.model_validate_json(self._whereabouts.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
